"""What runs: pods, their number, rights and flags, workers and cron jobs."""
