"""What a stack says of one service."""
