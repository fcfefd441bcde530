"""The policy pack: the same graph, judged before anything is touched."""
