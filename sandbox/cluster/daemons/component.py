"""One process of the cluster, and how one sees that it does its work."""

from dataclasses import dataclass
from enum import Enum


class Check(Enum):
    """How a component shows that it does its work."""

    HTTP = "answers 200"
    LISTENS = "accepts on its socket"
    EXITS = "exits with 0"  # a task, not a daemon
    NODE_KNOWN = "answers 200 and its node is registered"
    RULES_WRITTEN = "has written its rules once"
    NODE_READY = "its node is Ready"


@dataclass(frozen=True, kw_only=True)
class Component:
    """One process of the cluster.

    Attributes:
        argv: the command; empty for a mere condition (`node`, `accounts`), which has no process.
        target: what is checked: a URL or a socket's path.
        after: components that must be there before this one is started.
        awaited: whether the cluster counts as up only with it.
    """

    name: str
    argv: tuple[str, ...]
    check: Check
    target: str = ""
    after: tuple[str, ...] = ()
    awaited: bool = True
