"""The proof of a flip: the destination is measured, and the gates decide."""
