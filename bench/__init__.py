"""What the program costs, measured and never asserted: ratios within one run, on a sandbox of the benchmark's own."""
