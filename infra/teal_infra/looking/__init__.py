"""To look at: one flip as a file that can be attached, and how a stack stands as a page on this machine alone."""
