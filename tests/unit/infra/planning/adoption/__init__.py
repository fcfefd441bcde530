"""What runs already becomes a colour of a stack."""
