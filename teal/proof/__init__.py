"""The proof of a flip: measures the destination, and lets the gates decide."""
