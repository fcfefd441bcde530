"""The program on a sandbox cluster, by Pulumi's own engine: a stack, what its tests share, and rooms of tests."""
