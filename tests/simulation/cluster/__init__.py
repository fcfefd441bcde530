"""Plays a cluster, and the wire to its API server, in memory and on a virtual clock."""
