"""A bake failed, and traffic goes back."""
