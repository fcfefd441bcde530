"""The policy pack, which judges the planned resource graph before anything is touched.

A team's own `policies/__main__.py` makes a pack of `bind(POLICIES)`, and may add policies of its own.
"""

from teal_policies.binding import bind
from teal_policies.table import POLICIES

__all__ = ["POLICIES", "bind"]
