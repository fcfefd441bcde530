"""Shows what there is to see: one flip as a file that can be attached, and a stack as a page on this machine alone."""
