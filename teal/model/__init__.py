"""The basic types of teal: colours, labels, live state, routes, verdicts, errors. No I/O."""
