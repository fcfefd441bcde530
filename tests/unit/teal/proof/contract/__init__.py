"""The contract gate compares the colours' APIs."""
