"""The sandbox's cluster: a real Kubernetes in a network namespace of its own.

What belongs here: building, starting, stopping and describing the cluster. What does not: the program that is
rehearsed on it, the engine that runs the program, images, load and reports.
"""
