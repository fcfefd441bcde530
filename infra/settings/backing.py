"""Settings of backing services: how a service connects to its database, its cache and what else it needs."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.base import EnvName, EnvValue, Model, PortNumber
from infra.settings.network import BackingPeer

Kind = Literal["database", "redis", "weaviate", "ollama", "mongodb", "other"]

_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "database": {"host": "DB_HOST", "port": "DB_PORT", "name": "DB_NAME", "user": "DB_USER", "password": "DB_PASSWORD"},
    "redis": {"host": "REDIS_HOST", "port": "REDIS_PORT", "password": "REDIS_PASSWORD"},
    "weaviate": {"url": "WEAVIATE_URL", "apiKey": "WEAVIATE_API_KEY"},
    "ollama": {"url": "OLLAMA_BASE_URL", "model": "OLLAMA_MODEL"},
    "mongodb": {
        "url": "MONGODB_URL",
        "name": "MONGODB_DATABASE",
        "user": "MONGODB_USER",
        "password": "MONGODB_PASSWORD",
    },
    "other": {},
}
"""The environment variables that a setting becomes: the production guide's names; the delivery guide's MongoDB too."""

_SECRET = {"password", "apiKey"}


class BackingService(Model):
    """One backing service; every setting becomes an environment variable of the pods."""

    kind: Kind = Field(description="the pods would not know how to connect", examples=["database"])
    host: str | None = Field(default=None, description="the pods would not know where to connect")
    port: PortNumber | None = Field(default=None, description="nothing could connect", examples=["5432"])
    name: str | None = Field(default=None, description="the pods would open the wrong database")
    user: str | None = Field(default=None, description="the pods would be refused")
    password: str | None = Field(default=None, repr=False, description="the pods would be refused")
    url: str | None = Field(default=None, description="the pods would not know where to connect")
    api_key: str | None = Field(default=None, repr=False, description="the pods would be refused")
    model: str | None = Field(default=None, description="the pods would ask for the wrong model")
    network: BackingPeer | None = None
    """Where its connections go: pods or CIDRs, and ports. Network policies deny what is not said here."""
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str], description="the container would not see this variable", examples=["text"]
    )
    secrets: Mapping[EnvName, Annotated[str, Field(min_length=1)]] = Field(
        repr=False,
        default_factory=dict[str, str],
        description="the container would not see this variable",
        examples=["--secret"],
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = self._given().keys() - _VARIABLES[self.kind].keys()
        if unknown:
            raise PydanticCustomError(
                "clash",
                "a {kind} has no {unknown}; it has {known}, and env and secrets for the rest",
                {
                    "field": min(unknown),
                    "kind": self.kind,
                    "unknown": ", ".join(sorted(unknown)),
                    "known": ", ".join(_VARIABLES[self.kind]) or "nothing of its own",
                },
            )
        return self

    @property
    def plain(self) -> Mapping[str, str]:
        """Environment variables that anybody may read."""
        own = {_VARIABLES[self.kind][key]: value for key, value in self._given().items() if key not in _SECRET}
        return {**own, **self.env}

    @property
    def confidential(self) -> Mapping[str, str]:
        """Environment variables that belong in a Secret."""
        own = {_VARIABLES[self.kind][key]: value for key, value in self._given().items() if key in _SECRET}
        return {**own, **self.secrets}

    def _given(self) -> Mapping[str, str]:
        """The settings of the kind that were given, by their names in the config."""
        settings = self.model_dump(by_alias=True, exclude={"kind", "network", "env", "secrets"}, exclude_none=True)
        return {key: str(value) for key, value in settings.items()}
