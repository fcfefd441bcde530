"""Simulates the protocol of a flip: teal's own code on a virtual clock, against a cluster in memory, under faults.

    cluster     what is played in memory: the API server, what the cluster does by itself, what goes wrong between
    processes   an update in the order in which Pulumi's engine runs hooks and writes, and teal's own commands
    scenarios   what happens in one seed
    checks      what has to hold at every step, and at rest
    story       one seed as it goes on
    script      what happened in it, line by line
    run         one seed from its beginning to its verdict; the shrinking of one that fails

docs/invariants.md says what is held, and what is assumed.
"""
