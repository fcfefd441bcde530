"""The migrations, one a file. A released one is never changed: what it did wrong, the next one mends."""
