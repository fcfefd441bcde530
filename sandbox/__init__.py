"""Scaffolding: a real Kubernetes, a load, a stand-in for AWS, on one bare machine. Not the product, and says so."""
