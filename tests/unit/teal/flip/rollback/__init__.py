"""`teal rollback` sends traffic back at once where that is proven."""
