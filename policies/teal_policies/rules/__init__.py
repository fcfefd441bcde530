"""The rules of the pack: pure functions from properties and bounds to findings. No Pulumi, no I/O."""
