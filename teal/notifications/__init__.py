"""People and machines are told of flips: who of what, in which words, and what was told already."""
