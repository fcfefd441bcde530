"""What Prometheus and Grafana are given of a service, and the queries about it. Plain text and data."""
