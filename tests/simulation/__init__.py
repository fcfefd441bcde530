"""Simulates the protocol of a flip: teal's own code on a virtual clock, against a cluster in memory, under faults.

    clock       time that passes only while everybody waits
    store       the API server's objects: resource versions, field managers, conditions
    api         its HTTP: paths, verbs, the proxy to services and pods
    world       what the cluster does by itself: controllers, kubelets, autoscalers, clients
    faults      what goes wrong, by seed
    client      its requests and responses
    wire        the seam: an HTTP transport between teal's clients and the API server
    engine      an update, in the order in which Pulumi's engine runs hooks and writes
    scenario    what happens in one seed
    invariants  what has to hold at every step, and at rest
    approvals   what has to hold of people's yes to a flip
    workers     what has to hold of workers
    commands    teal's own commands, as processes
    story       one seed as it goes on
    remembered  work that comes to the same each time, done once
    run         one seed from its beginning to its verdict; the shrinking of one that fails

docs/invariants.md says what is held, and what is assumed.
"""
