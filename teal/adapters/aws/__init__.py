"""Adapters to Elastic Load Balancing and CloudWatch."""
