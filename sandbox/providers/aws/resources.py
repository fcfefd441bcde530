"""Operations on resources: property trees in, property trees out.

Between the protocol (`provider.py`) and the kinds: finds the kind, gives names, takes secrets out of their envelopes
on the way in and puts them back on the way out, and says in a preview what is not known yet.
"""

import re
from collections.abc import Iterable, Mapping
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
from sandbox.providers.naming import FORBIDDEN, Naming
from sandbox.providers.properties import UNKNOWN, Map, is_map, is_unknown, list_at, mark_secrets, reveal, without_nulls

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
            "Run this program with Pulumi's own engine and provider, or leave the resource out"
        )
    return KINDS[token]


def check(token: str, news: Map, olds: Map, naming: Naming) -> tuple[Map, list[Failure]]:
    """Complete inputs by a name, and find what pulumi-aws or AWS would refuse of them without being asked."""
    kind, inputs = kind_of(token), without_nulls(news)
    failures: list[Failure] = []
    inputs.pop(_DEFAULTS, None)
    if kind.name_limit and "name" not in inputs:
        kept = olds.get("name") if "name" in list_at(olds, _DEFAULTS) else None
        if kept is None and naming.disabled:
            failures.append(("name", FORBIDDEN))
        else:
            inputs |= {"name": kept or naming.automatic(_DIGITS), _DEFAULTS: ["name"]}
    if kind.name_limit and "name" in inputs:
        name = reveal(inputs["name"])
        failures += [] if is_unknown(name) else _name_failures(kind, str(name))
    return inputs, [*failures, *problems(kind, reveal(inputs))]


def compare(token: str, old: Map, new: Map, ignore: Iterable[str]) -> Difference:
    """What differs between inputs, and what of it cannot change in place."""
    kind = kind_of(token)
    before, after = ({key: value for key, value in tree.items() if key != _DEFAULTS} for tree in (old, new))
    changes: dict[str, tuple[Change, bool]] = {
        path: (change, top_level(path) in kind.replaces) for path, change in differing(before, after, ignore).items()
    }
    fixed = bool(kind.name_limit) and _DEFAULTS not in new and reveal(old.get("name")) == reveal(new.get("name"))
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
        given = {key: value for key, value in inputs.items() if key != _DEFAULTS}
        return {**unknown, **kind.defaults, **given, **self._preview_tags(kind, inputs)}

    def create(self, token: str, inputs: Map) -> tuple[str, Map]:
        """Create. Returns id and state.

        Raises:
            UnfinishedError: it exists, but is not as it should be, or cannot be read.
        """
        kind, plain = kind_of(token), _plain(inputs)
        identifier = kind.create(self.aws, plain)
        try:
            kind.complete(self.aws, identifier, plain)
            return identifier, self._live(token, identifier, inputs) or inputs
        except AwsError as error:
            known = {"arn": identifier, **{key: inputs[key] for key in kind.required}}
            raise self._partial(error, token, identifier, inputs, known) from error

    def preview_update(self, token: str, inputs: Map, state: Map) -> Map:
        """Say what updating would give."""
        given = {key: value for key, value in inputs.items() if key != _DEFAULTS}
        return {**state, **given, **self._preview_tags(kind_of(token), inputs)}

    def update(self, token: str, identifier: str, inputs: Map, state: Map) -> Map:
        """Update in place. Returns the new state.

        Raises:
            UnfinishedError: some of it was done.
        """
        try:
            kind_of(token).update(self.aws, identifier, reveal(state), _plain(inputs))
            return self._live(token, identifier, inputs) or inputs
        except AwsError as error:
            partial = self._partial(error, token, identifier, inputs, state)
            if reveal(partial.state) == reveal(state) and isinstance(error, RefusedError):
                raise  # nothing was done
            raise partial from error

    def delete(self, token: str, identifier: str, state: Map) -> None:
        """Delete."""
        kind_of(token).delete(self.aws, identifier, reveal(state))

    def read(self, token: str, identifier: str, inputs: Map, state: Map) -> tuple[Map, Map] | None:
        """Read what is live: inputs that are still followed as they were written, and the state; None if gone."""
        kind = kind_of(token)
        live = kind.read(self.aws, identifier) if identifier else None
        if live is None:
            return None
        if inputs:
            followed = mark_secrets(take_up_drift(reveal(inputs), reveal(state), live), inputs)
            followed |= {_DEFAULTS: inputs[_DEFAULTS]} if _DEFAULTS in inputs else {}
        else:
            followed = {key: value for key, value in live.items() if key in kind.inputs and value not in (None, {}, [])}
        return followed, mark_secrets(live, inputs)

    def _live(self, token: str, identifier: str, inputs: Map) -> Map | None:
        live = kind_of(token).read(self.aws, identifier)
        return None if live is None else mark_secrets(live, inputs)

    def _partial(self, error: AwsError, token: str, identifier: str, inputs: Map, known: Map) -> UnfinishedError:
        """A failure after which the resource is as it is now, or as far as it is known."""
        try:
            state = self._live(token, identifier, inputs) or known
        except AwsError:
            state = known
        return UnfinishedError(str(error), identifier=identifier, state=state, inputs=inputs)

    def _preview_tags(self, kind: Kind, inputs: Map) -> Map:
        tags = inputs.get("tags", {})
        return {"tagsAll": self.aws.tags.merged(tags)} if "tagsAll" in kind.computed and is_map(tags) else {}


def _plain(inputs: Map) -> Map:
    return {key: value for key, value in reveal(inputs).items() if key != _DEFAULTS}


def _name_failures(kind: Kind, name: str) -> list[Failure]:
    if len(name) > kind.name_limit:
        return [("name", f"is {name!r}, {len(name)} characters: AWS takes {kind.name_limit}. Give a shorter name")]
    balanced = isinstance(kind, LoadBalancer | TargetGroup)
    if balanced and (not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", name) or name.startswith("internal-")):
        return [("name", f"is {name!r}: AWS takes letters, digits and inner hyphens, and not `internal-` at its start")]
    return []
