"""The work of a day: the verbs, checks, the page of `teal ui`, and messages to people."""
