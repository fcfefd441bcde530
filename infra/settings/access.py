"""Settings of access: what a service's pods may ask of the API server. By default nothing."""

from pydantic import Field

from infra.settings.base import Model


class Access(Model):
    """The production guide's rights: reading pods, services, endpoints, deployments, replica sets and metrics."""

    read_cluster: bool = Field(
        default=False, description="it would be unclear whether pods may read the cluster", examples=["false"]
    )
    """Bind the read-only Role to the service's account and give its pods a token."""
