"""What a run's records say: a report for machines, one for people, and a picture. Pure but for writing the files."""
