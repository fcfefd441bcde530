"""The policy pack. Run it with `--policy-pack policies`."""

from pulumi_policy import PolicyPack
from teal_policies import POLICIES, bind

PolicyPack(name="teal", policies=bind(POLICIES))
