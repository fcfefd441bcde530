"""Open-loop load on the sandbox's front door, and the instants at which its router was written to.

Not a benchmark: it measures what clients saw while traffic moved. What the records mean is for `sandbox.report`.
"""
