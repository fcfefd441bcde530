"""Somebody else writes where traffic goes: seen, named, never confirmed."""
