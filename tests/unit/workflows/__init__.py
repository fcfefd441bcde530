"""What GitHub runs: the workflows as they are written, and the steps that they run."""
