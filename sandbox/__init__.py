"""Scaffolding: a real Kubernetes, an engine, a load, on one bare machine. Not the product; labelled as such."""
