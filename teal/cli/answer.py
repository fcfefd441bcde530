"""Defines how a command answers (in lines, as JSON, or by its exit status alone), and how it asks before it writes."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, TypeVar

from cyclopts import Parameter
from pydantic import BaseModel

from teal.cli.say import Exit, confirmed, exit_of, fail, say
from teal.model.errors import DeclinedError, TealError

_T = TypeVar("_T")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Answer:
    """The options that say how much is printed, and in which form."""

    json_output: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False
    quiet: Annotated[
        bool, Parameter(name=("--quiet", "-q"), negative="", help="Print nothing but what went wrong.")
    ] = False

    @property
    def silent(self) -> bool:
        """Whether nobody reads lines."""
        return self.json_output or self.quiet

    def line(self, text: str) -> None:
        """Print a line about something on the way."""
        if not self.silent:
            say(text)

    def give(self, data: object, show: str | Callable[[], object]) -> None:
        """Print what came of a command.

        Args:
            data: the result as JSON has it: a model, or plain values.
            show: the result in lines, or what prints them; empty: there is nothing to say.
        """
        if self.json_output:
            model = isinstance(data, BaseModel)
            say(data.model_dump_json(by_alias=True, indent=2) if model else json.dumps(data, indent=2))
        elif show and not self.quiet:
            say(show) if isinstance(show, str) else show()

    def fail(self, error: str | TealError, status: Exit | None = None, **more: object) -> NoReturn:
        """Say what went wrong, and end the command: on standard error, and with --json also as the JSON of it.

        Args:
            error: what went wrong.
            status: the exit status; default: the error's own.
            more: what JSON says beside that.
        """
        ended = status or (exit_of(error) if isinstance(error, TealError) else Exit.FAILED)
        if self.json_output:
            say(json.dumps({"error": str(error), "exitStatus": ended, **more}, indent=2))
        fail(error, ended)

    def run(self, asked: Coroutine[Any, Any, _T]) -> _T:
        """Run a command's work and return what it returns; where it fails, say why and end the command."""
        try:
            return asyncio.run(asked)
        except TealError as error:
            self.fail(error)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asking(Answer):
    """The options of a command that changes something, and asks before it does."""

    yes: Annotated[bool, Parameter(name=("--yes", "-y"), env_var="TEAL_YES", negative="", help="Do not ask.")] = False

    def agreed(self, question: str) -> bool:
        """Return whether somebody says yes, or did so beforehand. Where nobody can be asked, nobody does."""
        return self.yes or confirmed(question)

    def require(self, question: str, unchanged: str, again: str) -> None:
        """End the command unless somebody says yes.

        Args:
            question: what is asked, without a question mark.
            unchanged: what is as it was, in a sentence without a full stop.
            again: the command that was typed.
        """
        if not self.agreed(question):
            self.fail(DeclinedError(f"nobody said yes: {unchanged}. Next: {again} --yes"))


ANSWER = Answer()
ASKING = Asking()
