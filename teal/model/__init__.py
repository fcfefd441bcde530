"""The words that everything else is said in: colours, labels, live state, routes, verdicts, errors. No I/O."""
