"""What a cluster takes of the machine: packages, a Go toolchain, and what is compiled with it."""
