"""The reference service: honours docs/contract.md, breaks it on request. For rehearsals, not a product."""
