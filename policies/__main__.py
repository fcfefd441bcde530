"""The policy pack. Run it with `--policy-pack policies`."""

from pulumi_policy import PolicyPack

from policies.binding import bind
from policies.table import POLICIES

PolicyPack(name="teal", policies=bind(POLICIES))
