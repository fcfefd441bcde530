"""What is remembered of flips: the model of it, where it is stored, and who may write there."""
