"""Elastic Load Balancing and CloudWatch."""
