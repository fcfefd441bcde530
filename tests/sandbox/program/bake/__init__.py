"""The time after a flip: it is watched, undone, or overtaken by somebody else."""
