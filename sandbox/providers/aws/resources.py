"""Operations on resources: property trees in, property trees out.

Between the protocol (`provider.py`) and the kinds: finds the kind, gives names, and says in a preview what is not known
yet.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.providers.aws.balancing import LoadBalancer, TargetGroup
from sandbox.providers.aws.errors import AwsError, RefusedError, UnsupportedError
from sandbox.providers.aws.kind import Failure, Kind, problems
from sandbox.providers.aws.listening import Listener, ListenerRule
from sandbox.providers.aws.security import SecurityGroup, SecurityGroupRule
from sandbox.providers.aws.session import Aws
from sandbox.providers.aws.watching import MetricAlarm, Record
from sandbox.providers.comparing import Change, Difference, differing, take_up_drift, top_level
from sandbox.providers.failures import UnfinishedError
from sandbox.providers.properties import UNKNOWN, Map, is_map, list_at, without_nulls

KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": MetricAlarm(),
    "aws:ec2/securityGroup:SecurityGroup": SecurityGroup(),
    "aws:lb/listener:Listener": Listener(),
    "aws:lb/listenerRule:ListenerRule": ListenerRule(),
    "aws:lb/loadBalancer:LoadBalancer": LoadBalancer(),
    "aws:lb/targetGroup:TargetGroup": TargetGroup(),
    "aws:route53/record:Record": Record(),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": SecurityGroupRule("egress"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": SecurityGroupRule("ingress"),
}
_DEFAULTS: Final = "__defaults"  # where pulumi-aws keeps which inputs were its own idea
_DIGITS: Final = 7  # of an automatic name, as pulumi-aws takes


def kind_of(token: str) -> Kind:
    """The kind of a type token.

    Raises:
        UnsupportedError: there is none.
    """
    if token not in KINDS:
        raise UnsupportedError(
            f"{token} is not managed by the stand-in AWS provider (it knows {', '.join(KINDS)}). Nothing was changed. "
            "Run this program with Pulumi's own provider, or leave the resource out"
        )
    return KINDS[token]


def check(token: str, news: Map, olds: Map, *, name: str, seed: bytes) -> tuple[Map, list[Failure]]:
    """Complete inputs, and find what pulumi-aws or AWS would refuse of them without being asked.

    A resource that is not named in the program is named after its logical `name`, with digits that come of the
    engine's `seed`, and keeps that name.
    """
    kind, inputs = kind_of(token), without_nulls(news)
    inputs.pop(_DEFAULTS, None)
    if kind.name_limit and "name" not in inputs:
        kept = olds.get("name") if "name" in list_at(olds, _DEFAULTS) else None
        digits = hashlib.sha256(seed + name.encode()).hexdigest()[:_DIGITS]
        inputs |= {"name": kept or f"{name}-{digits}", _DEFAULTS: ["name"]}
    failures = _name_failures(kind, str(inputs["name"])) if kind.name_limit and inputs["name"] != UNKNOWN else []
    return inputs, [*failures, *problems(kind, inputs)]


def compare(token: str, old: Map, new: Map) -> Difference:
    """What differs between inputs, and what of it cannot change in place."""
    kind = kind_of(token)
    changes: dict[str, tuple[Change, bool]] = {
        path: (change, top_level(path) in kind.replaces) for path, change in differing(_plain(old), _plain(new)).items()
    }
    fixed = bool(kind.name_limit) and _DEFAULTS not in new and old.get("name") == new.get("name")
    replaced = any(forced for _, forced in changes.values())
    return Difference(changes=changes, delete_before_replace=fixed and replaced)


@dataclass(frozen=True)
class Resources:
    """The resources of one configured provider."""

    aws: Aws

    def preview_create(self, token: str, inputs: Map) -> Map:
        """Say what creating would give: a field that is missing reaches a program as None, so it is unknown instead."""
        kind = kind_of(token)
        unknown = dict.fromkeys(kind.computed, UNKNOWN)
        return {**unknown, **kind.defaults, **_plain(inputs), **self._preview_tags(kind, inputs)}

    def create(self, token: str, inputs: Map) -> tuple[str, Map]:
        """Create. Returns id and state.

        Raises:
            UnfinishedError: it exists, but is not as it should be, or cannot be read.
        """
        kind, plain = kind_of(token), _plain(inputs)
        identifier = kind.create(self.aws, plain)
        try:
            kind.complete(self.aws, identifier, plain)
            return identifier, kind.read(self.aws, identifier) or inputs
        except AwsError as error:
            known = {"arn": identifier, **{key: inputs[key] for key in kind.required}}
            raise self._partial(error, kind, identifier, inputs, known) from error

    def preview_update(self, token: str, inputs: Map, state: Map) -> Map:
        """Say what updating would give."""
        return {**state, **_plain(inputs), **self._preview_tags(kind_of(token), inputs)}

    def update(self, token: str, identifier: str, inputs: Map, state: Map) -> Map:
        """Update in place. Returns the new state.

        Raises:
            UnfinishedError: some of it was done.
        """
        kind = kind_of(token)
        try:
            kind.update(self.aws, identifier, state, _plain(inputs))
            return kind.read(self.aws, identifier) or inputs
        except AwsError as error:
            partial = self._partial(error, kind, identifier, inputs, state)
            if partial.state == state and isinstance(error, RefusedError):
                raise  # nothing was done
            raise partial from error

    def delete(self, token: str, identifier: str, state: Map) -> None:
        """Delete."""
        kind_of(token).delete(self.aws, identifier, state)

    def read(self, token: str, identifier: str, inputs: Map, state: Map) -> tuple[Map, Map] | None:
        """Read what is live: inputs that are still followed as they were written, and the state; None if gone."""
        kind = kind_of(token)
        live = kind.read(self.aws, identifier) if identifier else None
        if live is None:
            return None
        if inputs:
            followed = take_up_drift(inputs, state, live)
            followed |= {_DEFAULTS: inputs[_DEFAULTS]} if _DEFAULTS in inputs else {}
        else:
            followed = {key: value for key, value in live.items() if key in kind.inputs and value not in (None, {}, [])}
        return followed, live

    def _partial(self, error: AwsError, kind: Kind, identifier: str, inputs: Map, known: Map) -> UnfinishedError:
        """A failure after which the resource is as it is now, or as far as it is known."""
        try:
            state = kind.read(self.aws, identifier) or known
        except AwsError:
            state = known
        return UnfinishedError(str(error), identifier=identifier, state=state, inputs=inputs)

    def _preview_tags(self, kind: Kind, inputs: Map) -> Map:
        tags = inputs.get("tags", {})
        return {"tagsAll": self.aws.tags.merged(tags)} if "tagsAll" in kind.computed and is_map(tags) else {}


def _plain(inputs: Map) -> Map:
    return {key: value for key, value in inputs.items() if key != _DEFAULTS}


def _name_failures(kind: Kind, name: str) -> list[Failure]:
    if len(name) > kind.name_limit:
        return [("name", f"is {name!r}, {len(name)} characters: AWS takes {kind.name_limit}. Give a shorter name")]
    balanced = isinstance(kind, LoadBalancer | TargetGroup)
    if balanced and (not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", name) or name.startswith("internal-")):
        return [("name", f"is {name!r}: AWS takes letters, digits and inner hyphens, and not `internal-` at its start")]
    return []
