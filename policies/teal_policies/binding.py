"""Binds policies to Pulumi's analyzer SDK; no other module uses it.

A value that no preview can know raises when a rule reads it. The rules after it still run. Then either the SDK advises
that the policy could not be judged yet, or, where the policy says so, that is a violation. A rule that does not
understand what it reads is a violation too: what cannot be judged does not pass.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import pulumi_policy as sdk
from pulumi_policy.proxy import UnknownValueError

from teal_policies.model import Finding, Graph, Policy, Resource, ResourcePolicy, StackPolicy

_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, re.error)
"""What a rule raises on properties of another shape, or on invalid settings."""


def bind(policies: Iterable[Policy]) -> list[sdk.Policy]:
    """Return the policies as the SDK's own objects."""
    return [_bound(each) for each in policies]


def _bound(policy: Policy) -> sdk.Policy:
    shared: dict[str, Any] = {
        "name": policy.name,
        "description": policy.reason,
        "enforcement_level": sdk.EnforcementLevel(policy.level),
        "config_schema": sdk.PolicyConfigSchema({key: dict(schema) for key, schema in policy.bounds.items()}),
    }
    if isinstance(policy, ResourcePolicy):
        return sdk.ResourceValidationPolicy(validate=partial(_judge_resource, policy), **shared)
    if isinstance(policy, StackPolicy):
        return sdk.StackValidationPolicy(validate=partial(_judge_stack, policy), **shared)
    raise TypeError(f"policy {policy.name} is of neither kind")


def _judge_resource(policy: ResourcePolicy, args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
    if args.resource_type not in policy.types:
        return
    resource, config = _resource(args), args.get_config()
    rules = [partial(rule, resource, policy.settled(config)) for rule in policy.rules]
    _judge(policy, config, rules, lambda found: report(str(found), args.urn))


def _judge_stack(policy: StackPolicy, args: sdk.StackValidationArgs, report: sdk.ReportViolation) -> None:
    graph = Graph([_resource(each, [other.urn for other in each.dependencies]) for each in args.resources])
    config = args.get_config()
    rules = [partial(rule, graph, policy.settled(config)) for rule in policy.rules]
    _judge(policy, config, rules, lambda found: report(str(found), None))


def _resource(seen: sdk.ResourceValidationArgs | sdk.PolicyResource, dependencies: Iterable[str] = ()) -> Resource:
    return Resource(
        type=seen.resource_type,
        name=seen.name,
        urn=seen.urn,
        properties=seen.props,
        protect=seen.opts.protect,
        ignore_changes=list(seen.opts.ignore_changes),
        delete_before_replace=seen.opts.delete_before_replace,
        aliases=list(seen.opts.aliases),
        dependencies=list(dependencies),
    )


def _judge(
    policy: Policy,
    config: Mapping[str, Any],
    rules: Iterable[Callable[[], Iterable[Finding]]],
    say: Callable[[Finding], object],
) -> None:
    """Report what the rules find, and what is wrong with the policy's settings.

    Raises:
        UnknownValueError: a rule read a value that is not known yet; the SDK turns it into advice.
    """
    for found in _misspelt(policy, config):
        say(found)
    unknown: UnknownValueError | None = None
    for rule in rules:
        try:
            for found in rule():
                say(found)
        except UnknownValueError as error:
            unknown = error
        except _UNREADABLE as error:
            # Neither the text nor the value is shown: it may be a secret's.
            seen = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else type(error).__name__
            say(Finding(f"policy {policy.name}", f"it could not judge: {seen}", "what it knows", _REMEDY))
    if unknown is not None and policy.unknown == "advise":
        raise unknown
    if unknown is not None:
        seen = f"{'.'.join(unknown.props)} is not known before the update"
        remedy = "declare a value that the program knows by then"
        say(Finding(f"policy {policy.name}", seen, "a value that can be judged now", remedy))


_REMEDY = "use the policy pack of this program, with settings as in docs/policies.md"


def _misspelt(policy: Policy, config: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield settings that the policy does not have. Engines ignore them, so the bound that was meant would not hold."""
    for key in config.keys() - policy.bounds.keys():
        known = ", ".join(policy.bounds) or "none"
        yield Finding(f"policy {policy.name}", f"setting {key}", f"one of: {known}", "mend the policy pack's config")
