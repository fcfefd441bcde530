"""What ends updates, pods and API servers in the middle of a flip."""
