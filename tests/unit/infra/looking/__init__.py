"""What is shown of flips and stacks: as HTML, by a server, and as it is typed."""
