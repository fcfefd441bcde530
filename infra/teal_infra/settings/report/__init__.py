"""Reports what is wrong in a config: where it is wrong, what stands there, and the commands that mend it."""
