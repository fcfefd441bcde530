"""Somebody else writes where traffic goes, and that is seen, named and never confirmed."""
