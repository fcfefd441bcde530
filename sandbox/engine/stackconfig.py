"""Pulumi.<stack>.yaml: a stack's config values, plain and secret, read and written with comments kept."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.project import Project
from sandbox.engine.secrets import Crypter
from sandbox.engine.state import Value


@dataclass(frozen=True)
class ConfigValue:
    """One config value as the file has it: text, number, list or map; secrets are `{"secure": ciphertext}`."""

    raw: Value

    @property
    def secret(self) -> bool:
        """Whether anything in it is secret."""
        raise NotImplementedError

    @property
    def is_object(self) -> bool:
        """Whether it is a list or a map."""
        raise NotImplementedError

    def plain(self, decrypt: Callable[[str], str]) -> Value:
        """Give the value with its secrets opened (or masked: pass `lambda _: "[secret]"`)."""
        raise NotImplementedError

    def text(self, decrypt: Callable[[str], str]) -> str:
        """Give the value as programs and `config get` see it: the string, or JSON text of lists and maps."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConfigValues:
    """What a program gets: `plain` by full key (`teal:x`), and which of those keys are secret."""

    plain: dict[str, str]
    secret_keys: list[str]


class StackConfig:
    """A stack's config file."""

    path: Path
    stack: str

    @classmethod
    def load(cls, path: Path, project: Project, environ: Mapping[str, str] = os.environ) -> "StackConfig":
        """Read a stack file; one that does not exist is an empty one."""
        raise NotImplementedError

    @property
    def encryption_salt(self) -> str | None:
        """The file's encryptionsalt, None where it has none."""
        raise NotImplementedError

    def crypter(self) -> Crypter:
        """Open this stack's crypter; without a salt make one and put it in the file (the caller saves)."""
        raise NotImplementedError

    def items(self) -> dict[str, ConfigValue]:
        """Give all values of the file by full key, the project's defaults merged in (for `pulumi config`)."""
        raise NotImplementedError

    def get(self, key: str, *, path: bool = False) -> ConfigValue | None:
        """Give one value or None; a key without namespace gets the project's."""
        raise NotImplementedError

    def set(self, key: str, value: str, *, path: bool = False, secret: bool = False) -> None:
        """Set one value, as `pulumi config set` does."""
        raise NotImplementedError

    def rm(self, key: str, *, path: bool = False) -> None:
        """Remove one value; nothing happens where there is none."""
        raise NotImplementedError

    def save(self) -> None:
        """Write the file at once or not at all."""
        raise NotImplementedError

    def values(self, crypter_factory: Callable[[], Crypter] | None = None) -> ConfigValues:
        """Give what the program gets: defaults of Pulumi.yaml merged, types checked, secrets opened."""
        raise NotImplementedError
