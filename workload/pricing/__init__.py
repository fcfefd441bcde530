"""A small LLM-pricing API that honours the service contract (docs/contract.md): the service teal rehearses with.

Its prices are invented. It is no product: it is here so that probes, drains, versions, metrics and faults of a
blue/green release can be tried on something that behaves as a well-made service should, or, on demand, badly.
"""
