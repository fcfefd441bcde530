"""What happens at a flip: a pure core and thin edges. Knows nothing of Pulumi programs or of the sandbox."""
