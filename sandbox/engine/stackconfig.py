"""Pulumi.<stack>.yaml: a stack's config values, plain and secret, read and written with comments kept.

Not here: what a path or a secret in a tree of values is (`configtree.py`), and which keys the program knows.
"""

import os
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ruamel.yaml import YAML

from sandbox.engine import configtree
from sandbox.engine.errors import ConfigError
from sandbox.engine.files import read_yaml, write_atomic
from sandbox.engine.secrets import Crypter, open_crypter

if TYPE_CHECKING:
    from sandbox.engine.project import Project
    from sandbox.engine.state import Value

_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class ConfigValue:
    """One config value as the file has it: text, number, list or map; secrets are `{"secure": ciphertext}`."""

    raw: "Value"

    @property
    def secret(self) -> bool:
        """Whether anything in it is secret."""
        return configtree.has_secret(self.raw)

    @property
    def is_object(self) -> bool:
        """Whether it is a list or a map."""
        return isinstance(cast("object", self.raw), list | dict) and configtree.ciphertext(self.raw) is None

    def plain(self, decrypt: Callable[[str], str]) -> "Value":
        """Give the value with its secrets opened (or masked: pass `lambda _: "[secret]"`)."""
        return configtree.plain(self.raw, decrypt)

    def text(self, decrypt: Callable[[str], str]) -> str:
        """Give the value as programs and `config get` see it: the string, or JSON text of anything else."""
        return configtree.text(self.raw, decrypt)


@dataclass(frozen=True)
class ConfigValues:
    """What a program gets: `plain` by full key (`teal:x`), and which of those keys are secret."""

    plain: dict[str, str]
    secret_keys: list[str]


@dataclass
class StackConfig:
    """A stack's config file. Changes stay in memory until `save`."""

    path: Path
    project: "Project"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _document: dict[str, "Value"] = field(init=False)
    _yaml: YAML = field(init=False)

    def __post_init__(self) -> None:
        """Read the file."""
        if self.path.exists():
            self._document, self._yaml = read_yaml(self.path, ConfigError)
        else:
            self._document, self._yaml = {}, YAML()
            self._yaml.indent(mapping=2, sequence=4, offset=2)  # as Pulumi writes a new file
            self._yaml.width = 1 << 16
        config = self._document.get("config")
        if config is not None and not isinstance(config, dict):
            raise ConfigError(f"{self.path}: 'config' has to be a map of keys and values, found {config!r}.")
        if "environment" in self._document:
            raise ConfigError(f"{self.path}: 'environment' (Pulumi ESC) is not supported by the embedded engine.")
        provider = self._document.get("secretsprovider") or "passphrase"
        if provider != "passphrase":
            raise ConfigError(f"{self.path}: secretsprovider '{provider}' is not supported by the embedded engine.")

    @classmethod
    def load(cls, path: Path, project: "Project", environ: Mapping[str, str] = os.environ) -> "StackConfig":
        """Read a stack file; one that does not exist is an empty one.

        Raises:
            ConfigError: it is no valid YAML (file and line are named) or uses what is not supported here.
        """
        return cls(path, project, environ)

    @property
    def encryption_salt(self) -> str | None:
        """The file's encryptionsalt, None where it has none."""
        return self._document.get("encryptionsalt")

    def crypter(self) -> Crypter:
        """Open this stack's crypter; without a salt make one and put it in the document (the caller saves)."""
        crypter, salt = open_crypter(self.encryption_salt, self.environ)
        if self.encryption_salt is None:
            self._document["encryptionsalt"] = salt
        return crypter

    def get(self, key: str, *, path: bool = False) -> ConfigValue | None:
        """Give one value of the file or Pulumi.yaml's default, or None; a bare key gets the project's namespace."""
        full, steps = self._address(key, path=path)
        entry = self.items().get(full)
        tree, found = configtree.look_up(entry.raw, steps) if entry else (None, False)
        return ConfigValue(tree) if found else None

    def set(self, key: str, value: str, *, path: bool = False, secret: bool = False) -> None:
        """Set one value as `pulumi config set` does: top-level ones are strings, nested ones may be typed.

        Raises:
            ConfigError: the key is no key, or the path does not fit what is there.
            SecretsError: a secret cannot be encrypted.
        """
        full, steps = self._address(key, path=path)
        config = self._config()
        name = self._own_name(full)
        new: Value = {"secure": self.crypter().encrypt(value)} if secret else value
        if steps:
            new = configtree.assign(config.get(name), steps, new if secret else configtree.coerce(value))
        config[name] = new

    def rm(self, key: str, *, path: bool = False) -> None:
        """Remove one value; nothing happens where there is none."""
        full, steps = self._address(key, path=path)
        config, name = self._config(), self._own_name(full)
        if not steps:
            config.pop(name, None)
        elif name in config:
            configtree.remove(config[name], steps)

    def save(self) -> None:
        """Write the file at once or not at all."""
        buffer = BytesIO()
        self._yaml.dump(self._document, buffer)  # pyright: ignore[reportUnknownMemberType]  # untyped library
        write_atomic(self.path, buffer.getvalue())

    def items(self) -> dict[str, ConfigValue]:
        """Give all values by full key, Pulumi.yaml's defaults and values merged in."""
        # A key without a value is an empty string to Pulumi (which warns that it will be null one day).
        values = {
            self._full(key): ConfigValue("" if raw is None else raw) for key, raw in self._config(make=False).items()
        }
        for key, declared in self.project.config_schema.items():
            full, steps = self._address(key, path=True)
            there = configtree.look_up(values[full].raw, steps)[1] if full in values else False
            default = next((declared[k] for k in ("default", "value") if declared.get(k) is not None), None)
            if there or default is None:
                continue
            if isinstance(default, str | bool | int):
                default = configtree.text(default, str)
                default = configtree.coerce(default) if steps else default
            base = deepcopy(values[full].raw) if full in values else None
            values[full] = ConfigValue(configtree.assign(base, steps, default))
        return values

    def values(self, crypter_factory: Callable[[], Crypter] | None = None) -> ConfigValues:
        """Give what the program gets: Pulumi.yaml's defaults merged, its types checked, secrets opened.

        Raises:
            ConfigError: a declared value is missing or of another type than declared; all such are named at once.
            SecretsError: a secret cannot be decrypted.
        """
        items = self.items()
        secret_keys = sorted(key for key, value in items.items() if value.secret)
        decrypt = (crypter_factory or self.crypter)().decrypt if secret_keys else str
        problems = [problem for key in sorted(self.project.config_schema) for problem in self._problems(key, decrypt)]
        if problems:
            raise ConfigError(
                "\n  ".join([f"{self.path}: nothing was done, the configuration does not fit:", *problems])
            )
        return ConfigValues({key: value.text(decrypt) for key, value in items.items()}, secret_keys)

    def _problems(self, key: str, decrypt: Callable[[str], str]) -> list[str]:
        declared = self.project.config_schema[key]
        value = self.get(key, path=True)
        if value is None:
            fix = f"Set it with `pulumi config set {key} VALUE`."
            return [f"missing configuration value '{key}', which {self.project.file.name} requires. {fix}"]
        if declared.get("type") is None:
            return []
        if declared.get("secret") and not value.secret:
            return [f"'{key}' must be encrypted as it's secret. Set it with `pulumi config set --secret {key} VALUE`."]
        content = value.plain(decrypt) if value.is_object else value.text(decrypt)
        if not _fits(declared, content):
            seen = "[secret]" if value.secret else repr(content)
            return [f"'{key}' must be of type '{_type_name(declared)}', found {seen}."]
        return []

    def _config(self, *, make: bool = True) -> dict[str, "Value"]:
        config = self._document.get("config")
        if config is None:
            config = {}
            if make:
                self._document["config"] = config
        return cast("dict[str, Value]", config)

    def _full(self, key: str) -> str:
        """Give a key with its namespace; `ns:config:name` is the old form of `ns:name`."""
        namespace, *rest = key.split(":") if ":" in key else (self.project.name, key)
        if len(rest) == 2 and rest[0] == "config":  # noqa: PLR2004  # the word and the name after it
            rest = rest[1:]
        if len(rest) != 1 or not namespace or not rest[0]:
            raise ConfigError(
                f"could not parse '{key}' as a configuration key: it should be of the form <namespace>:<name>."
            )
        return f"{namespace}:{rest[0]}"

    def _own_name(self, full: str) -> str:
        """Give a key as the file spells it."""
        return next((key for key in self._config(make=False) if self._full(key) == full), full)

    def _address(self, key: str, *, path: bool) -> tuple[str, list[configtree.Step]]:
        """Give the full key and the steps below it; only the first segment of a path may name a namespace."""
        if not path:
            return self._full(key), []
        cut = next((i for i, char in enumerate(key) if char in ".["), len(key))
        namespace, _, name = key[:cut].rpartition(":")
        if name and namespace:
            namespace, _, name = self._full(key[:cut]).partition(":")
        first, *steps = configtree.parse_path(name + key[cut:])
        return f"{namespace or self.project.name}:{first}", steps


def _fits(declared: Mapping[str, "Value"], value: "Value") -> bool:
    """Tell whether a value is of a declared type; texts that read as a number or a truth value pass, as in Pulumi."""
    match declared.get("type"):
        case "string":
            return isinstance(value, str)
        case "integer":
            return bool(_INTEGER.fullmatch(str(value)))
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list) and all(
                _fits(declared["items"], item) for item in cast("list[Value]", value)
            )


def _type_name(declared: Mapping[str, "Value"]) -> str:
    return f"array<{_type_name(declared['items'])}>" if "items" in declared else declared["type"]
