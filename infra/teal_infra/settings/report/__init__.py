"""What is reported of a wrong config: where it is wrong, what stands there, and the commands that mend it."""
