"""The policy pack: binds the rules to resources. Run it with `--policy-pack policies`."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from policies import rules


def _pods_are_guarded(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == "kubernetes:apps/v1:Deployment":
        for finding in rules.unguarded_containers(args.props):
            report(finding, args.urn)


PolicyPack(
    name="teal",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="pods-are-guarded",
            description="Every container of a colour has its three probes and a preStop hook.",
            validate=_pods_are_guarded,
        ),
    ],
)
