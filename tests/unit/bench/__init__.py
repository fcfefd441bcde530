"""Tests of the benchmarks: what they compute and refuse. How fast anything is, no test says."""
