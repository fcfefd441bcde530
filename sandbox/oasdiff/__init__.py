"""oasdiff for the sandbox, compiled from its Go module: the contract gate runs what it finds on PATH."""
