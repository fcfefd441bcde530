"""The policies by what they are about: name, reason, settings, rules, and what these look at."""
