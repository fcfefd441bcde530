"""Changes a stack file as the verbs do: which colour is active, what each slot runs, how many pods it has. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from teal.adapters.pulumi_yaml import parsed
from teal.model.colours import Colour, colour_of
from teal.model.errors import ConfigError, NotThereError
from teal.model.plain import mapping
from teal.status.look import Status
from teal_infra.manager import stack_text
from teal_infra.manager.stack_text import EditError, Scalar

RUNNING = "running"
"""The default state of a slot, which no slot has to name."""

_ABOUT = {"version", "state"}

_PODS = {"minReplicas": 3, "maxReplicas": 20}
"""Settings of an autoscaler, and their defaults."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """The text of a stack file, and what was changed in it."""

    file: Path
    text: str
    wrote: tuple[str, ...] = ()

    @property
    def config(self) -> Mapping[str, Any]:
        """The complete config of the file, with what is JSON text as objects.

        Raises:
            ConfigError: the file is no YAML.
        """
        try:
            config = mapping(stack_text.read(self.text).get("config"))
        except EditError as error:
            raise self._unchanged(error) from None
        return {key: parsed(each) if key.startswith("teal:") else each for key, each in config.items()}

    @property
    def active(self) -> Colour | None:
        """The colour that is declared to be live; None where the file says none."""
        return colour_of(self.config.get("teal:activeColour"))

    @property
    def services(self) -> Sequence[str]:
        """The names of the services that flip together."""
        return [*mapping(self.config.get("teal:services"))]

    def slot(self, colour: Colour) -> Mapping[str, Any]:
        """Return what a colour declares; nothing where it has no release."""
        return mapping(self.config.get(f"teal:{colour}"))

    def require_slot(self, colour: Colour) -> Mapping[str, Any]:
        """Return the same for a colour that has to have a release.

        Raises:
            NotThereError: the colour has none.
        """
        found = self.slot(colour)
        if not found:
            raise NotThereError(
                f"{colour} has no release in {self.file}: nothing was changed. Next: teal deploy VERSION, which gives "
                "the idle colour one"
            )
        return found

    def put(self, path: Sequence[str], value: Scalar) -> Self:
        """Return the file with a value at a path of the config.

        Raises:
            ConfigError: the value cannot be replaced in this file without changing others.
        """
        node: Any = self.config
        for step in path:
            node = mapping(node).get(step)
        if node == value and isinstance(node, bool) == isinstance(value, bool):
            return self
        try:
            text = stack_text.put(self._opened(path), ("config", *path), value)
        except EditError as error:
            raise self._unchanged(error) from None
        return replace(self, text=text, wrote=(*self.wrote, f"{'.'.join(path)}: {value}"))

    def drop(self, path: Sequence[str]) -> Self:
        """Return the file without the value at a path of the config; errors are as those of `put`."""
        try:
            text = stack_text.removed(self._opened(path), ("config", *path))
        except EditError as error:
            raise self._unchanged(error) from None
        return self if text == self.text else replace(self, text=text, wrote=(*self.wrote, f"{'.'.join(path)} is gone"))

    def copy(self, colour: Colour) -> Self:
        """Return the file with a copy of a colour's release in the other one's slot, to begin with.

        Raises:
            ConfigError: as for `put`.
        """
        to = colour.other
        try:
            text = stack_text.copied(self.text, "config", f"teal:{colour}", f"teal:{to}")
        except EditError as error:
            raise self._unchanged(error) from None
        return replace(self, text=text, wrote=(*self.wrote, f"teal:{to}, begun as a copy of teal:{colour}"))

    def activate(self, colour: Colour) -> Self:
        """Return the file with a colour as the active one, which therefore runs, and has all live traffic."""
        self.require_slot(colour)
        return self.set_state(colour, RUNNING).put(["teal:activeColour"], str(colour)).weigh(0)

    def weigh(self, percent: int) -> Self:
        """Return the file with a share of live traffic for the idle colour; a file without one is not given a 0."""
        return self.put(["teal:canaryWeight"], percent) if percent or self.config.get("teal:canaryWeight") else self

    def set_state(self, colour: Colour, state: str) -> Self:
        """Return the file with a colour in another state."""
        found = self.require_slot(colour)
        return self if found.get("state", RUNNING) == state else self.put([f"teal:{colour}", "state"], state)

    def release(self, colour: Colour, version: str, images: Mapping[str, str]) -> Self:
        """Return the file with a release in a colour's slot."""
        made = self if self.slot(colour) else self.copy(colour.other)
        made = made.set_state(colour, RUNNING).put([f"teal:{colour}", "version"], version)
        for service, image in images.items():
            made = made.put([f"teal:{colour}", service, "image"], image)
        return made

    def scale(self, colour: Colour, pods: int, services: Sequence[str], *, active: bool) -> Self:
        """Return the file with another number of pods; those of the idle colour are a share of the live one's least.

        Raises:
            NotThereError: somebody else's autoscaler scales a service.
        """
        made, known = self.set_state(colour, RUNNING), mapping(self.config.get("teal:services"))
        scaled = {name: mapping(mapping(known.get(name)).get("autoscaling")) for name in services}
        if others := [name for name in services if scaled[name].get("external")]:
            rest = "".join(f" --service {name}" for name in services if name not in others)
            raise NotThereError(
                f"another autoscaler scales {', '.join(others)} (autoscaling.external), and teal writes no replicas of "
                f"it: {self.file} was left as it is. Next: "
                + (f"teal scale {colour} {pods}{rest}" if rest else "change that autoscaler, where it is declared")
            )
        for name, scaling in scaled.items():
            service, at = mapping(known.get(name)), ["teal:services", name]
            least, most = (int(scaling.get(key, default)) for key, default in _PODS.items())
            if scaling.get("enabled", True) is False or service.get("autoscaling", scaling) is None:
                made = made.put([*at, "replicas"], pods)
                continue
            if not active:
                made = made.put([*at, "autoscaling", "idlePercent"], min(100, 100 * pods // least))
            if active or pods > least:
                made = made.put([*at, "autoscaling", "minReplicas"], pods)
            if pods > most:
                made = made.put([*at, "autoscaling", "maxReplicas"], pods)
        return made

    def is_live(self, live: Colour, release: tuple[str, Mapping[str, str]] | None) -> bool:
        """Return whether the live colour's slot alone declares a release: its version, and its images."""
        there, idle = ((str(self.slot(of).get("version", "")), self.images(of)) for of in (live, live.other))
        return release == there != idle

    def images(self, colour: Colour) -> Mapping[str, str]:
        """Return the images of a colour's slot, by service."""
        return {
            name: str(mapping(each).get("image", "")) for name, each in self.slot(colour).items() if name not in _ABOUT
        }

    def _opened(self, path: Sequence[str]) -> str:
        """Return the text with an object for what is JSON text, if the change is within it."""
        return stack_text.opened(self.text, ("config", path[0])) if len(path) > 1 else self.text

    def _unchanged(self, error: EditError) -> ConfigError:
        return ConfigError(
            f"{self.file}: {error}, so nothing was changed. Next: change it by hand, then teal validate {self.file}"
        )


Change = Callable[[Declared, Status], Declared]
"""What a verb writes into the stack file, given the file and what is live."""


def read(file: Path) -> Declared:
    """Read a stack file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return Declared(file=file, text=file.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}. Nothing was changed. Next: ls -l {file}") from None
