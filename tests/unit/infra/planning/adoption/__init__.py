"""Taking over what runs already."""
