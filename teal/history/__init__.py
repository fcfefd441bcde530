"""The history of flips: its model, where it is stored, and who may write it."""
