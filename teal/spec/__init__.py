"""What a stack declares of a flip: the move, its gates and its bake. Plain data, made by the Pulumi program."""
