"""metrics-server, which tells autoscalers what pods use."""
