"""actionlint, compiled from its Go module: it reads the workflows as GitHub would."""
