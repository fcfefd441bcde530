"""What Prometheus and Grafana are given of a service, and what they are asked about it. Plain text and data."""
