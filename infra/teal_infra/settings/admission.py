"""Settings of admission policies, by which the API server guards approvals and the records of flips."""

from typing import Annotated

from pydantic import Field, StringConstraints

from teal_infra.settings.base import Model, wrong

Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:._@/+=,-]+$", max_length=256)]
"""A user or group, as the API server authenticates it."""


class Admission(Model):
    """ValidatingAdmissionPolicies that the stack brings. They are cluster-wide objects, held in its namespace alone.

    `{}` is enough for approvals: each is then given in its writer's own name. `pulumi up` needs `get`, `create`,
    `patch` and `delete` on `validatingadmissionpolicies` and `validatingadmissionpolicybindings`; an account without
    them leaves this out, and approvals are called self-declared.
    """

    users: tuple[Subject, ...] = Field(
        default=(),
        description=(
            "The users who may write the records of flips (the ConfigMaps `teal-history`, `teal-confirmed`, "
            "`teal-told` and `teal-progress`, and the Lease `teal-flip`): whoever runs `pulumi up`. The watch's "
            "account is added to them. With neither users nor groups, whoever has the right to may."
        ),
        json_schema_extra=wrong("updates could not record their flips"),
        examples=["'[\"deployer@example\"]'"],
    )
    groups: tuple[Subject, ...] = Field(
        default=(),
        description="The groups whose members may write the same.",
        json_schema_extra=wrong("updates could not record their flips"),
        examples=["'[\"teal-deployers\"]'"],
    )
