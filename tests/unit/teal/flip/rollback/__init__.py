"""`teal rollback`: traffic goes back at once where that is proven."""
