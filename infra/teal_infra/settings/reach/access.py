"""Settings of access: what a service's pods may ask of the API server. By default nothing."""

from pydantic import Field

from teal_infra.settings.base import Model, wrong


class Access(Model):
    """The production guide's rights: reading pods, services, endpoints, deployments, replica sets and metrics."""

    read_cluster: bool = Field(
        default=False,
        description=(
            "Whether the service's pods may read the namespace's objects: their account is bound to the read-only "
            "Role, and they get a token."
        ),
        json_schema_extra=wrong("it would be unclear whether pods may read the cluster"),
    )
