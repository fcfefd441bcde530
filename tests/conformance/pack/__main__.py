# ruff: noqa: INP001 - Pulumi runs the folder as a program
"""Two policies with a bound each: how large a thing may be, and how many there may be."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)


def _sizes(args: ResourceValidationArgs, report: ReportViolation) -> None:
    most = int(args.get_config()["most"])
    size = args.props.get("size")
    if args.resource_type == "fake:index:Thing" and size is not None and size > most:
        report(f"thing {args.name} has size {int(size)}; at most {most}", args.urn)


def _number(args: StackValidationArgs, report: ReportViolation) -> None:
    most = int(args.get_config()["most"])
    number = sum(resource.resource_type == "fake:index:Thing" for resource in args.resources)
    if number > most:
        report(f"{number} things; at most {most}", None)


def _bound(default: int) -> PolicyConfigSchema:
    return PolicyConfigSchema({"most": {"type": "integer", "default": default}})


PolicyPack(
    "conformance",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("sizes", "No thing is too large.", _sizes, config_schema=_bound(2)),
        StackValidationPolicy("number", "There are not too many things.", _number, config_schema=_bound(1)),
    ],
)
