"""Writes a release into a slot of the stack file and does nothing else: so it proposes what a build has made.

It asks no cluster, so whoever builds needs no right to one. Which colour is idle is therefore what the file says.
"""

from collections.abc import Callable, Sequence

from teal.adapters.pulumi_project import Project
from teal.model.colours import Colour
from teal.model.errors import DeclinedError, NotThereError
from teal.model.stored import Model
from teal.plans.model import Word
from teal_infra.manager import asked, declared, files


class Prepared(Model):
    """A release that is in a stack file, and that no update was made for."""

    verb: str = "prepare"
    stack: str
    file: str
    colour: Colour
    version: str
    wrote: tuple[str, ...]
    """What was changed in the file, in words; empty where it has the release already."""

    def __str__(self) -> str:
        """Return the result in a sentence."""
        said = "has" if self.wrote else "had"
        return f"prepare: {self.colour} {said} {self.version} in {self.file}; nothing was updated. Next: pulumi preview"


def prepare(
    project: Project,
    words: Sequence[str],
    colour: Colour | None = None,
    *,
    agreed: Callable[[Word, Sequence[str]], bool] = lambda _word, _wrote: True,
) -> Prepared:
    """Write a release into the idle slot of a stack file.

    Args:
        project: the project whose stack file it is.
        words: a version, and images (`IMAGE`, `SERVICE=IMAGE`). Where some are named, the services that are not keep
            the image that the active slot declares.
        colour: the slot's colour; default: the one that the file does not declare to be active.
        agreed: is asked before the file is written: which word an update of that would be, and what is changed.

    Raises:
        DeclinedError: nobody agreed.
        NotThereError: it cannot be told which release is meant.
        ConfigError: the file cannot be read or written, or would be wrong.
    """
    file = declared.read(project.file)
    into = colour or (file.active or Colour.GREEN).other
    if not words:
        raise NotThereError("no release was named: nothing was written. Next: teal prepare VERSION, or --help")
    named = {word.partition("=")[0] for word in words if "=" in word}
    kept = [f"{name}={image}" for name, image in file.images(into.other).items() if named and name not in named]
    try:
        version, images = asked.release(file, into, [*words, *kept]) or ("", {})
    except NotThereError as error:
        raise NotThereError(str(error).replace("teal deploy", "teal prepare")) from None
    made = file.release(into, version, images)
    files.valid(project, made.text)
    word = Word.ROLLING if into is file.active else Word.PREPARE
    if made.wrote and not agreed(word, made.wrote):
        raise DeclinedError(f"nobody said yes to prepare: {project.file} is as it was")
    files.write(project.file, made.text)
    return Prepared(stack=project.stack, file=str(project.file), colour=into, version=version, wrote=made.wrote)
