"""Drives Pulumi's own engine by its Automation API: a preview comes back as a plan, and an update is followed."""

import re
import signal
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from types import FrameType

from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    DiagnosticEvent,
    EngineEvent,
    InvalidVersionError,
    LocalWorkspace,
    OpType,
    Stack,
    StackNotFoundError,
)
from pydantic import ValidationError

from teal.adapters.pulumi_project import Project
from teal.model.errors import EngineError, LockedError, NotThereError, UnsafeError
from teal.plans import render
from teal.plans.model import FILE, Plan, Word
from teal_infra.settings.report.steps import PREFIX

_MESSAGE = "by teal"

_AFTER = ("an unhandled error occurred: program exited", "update failed")
"""The lines that Pulumi adds after somebody has said why."""

_DAMAGED = (
    ("snapshot integrity", "pulumi state repair --yes --stack {stack}"),
    ("failed to load checkpoint", "pulumi stack import --stack {stack} --file EXPORT, or as docs/runbook.md says"),
)
"""What Pulumi says of a damaged state, each with what repairs it."""

_LACKING = (
    ("passphrase", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE, a file with the passphrase of {stack}"),
    ("PULUMI_ACCESS_TOKEN", "pulumi login"),
    ("unable to open state directory", "pulumi login BACKEND, or set PULUMI_BACKEND_URL to the one that has {stack}"),
    ("", "pulumi preview --stack {stack}"),
)
"""What Pulumi says where it could not begin, each with what mends that; the last one stands for everything else."""

_COLOURS = re.compile(r"<\{%.*?%\}>")
"""Pulumi's own colour markup in what it says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A policy's finding in what an update would make."""

    policy: str
    mandatory: bool
    """Whether an update would be refused for it; otherwise it is advice."""
    message: str


class _Workspace(LocalWorkspace):
    """The project as it is: each command names its stack, so the one that the user has chosen stays chosen."""

    def select_stack(self, stack_name: str) -> None:
        """Choose nothing."""


class Engine:
    """Previews and updates one stack."""

    def __init__(self, project: Project, say: Callable[[str], None]) -> None:
        """Prepare to run Pulumi; no stack is changed yet.

        Args:
            project: the project whose stack is updated.
            say: is called with each line of progress.

        Raises:
            EngineError: there is no `pulumi`, or it is too old.
        """
        self._project = project
        self._say = say
        try:
            self._workspace = _Workspace(work_dir=str(project.folder))
        except (OSError, CalledProcessError, InvalidVersionError) as error:
            raise EngineError(
                f"pulumi cannot be used: {error}. Nothing was updated. Next: pulumi version, and install 3.250 or later"
            ) from None
        self._stack = Stack.select(project.stack, self._workspace)
        self._wrong: list[str] = []
        self._interrupted = False

    def preview(self) -> Plan:
        """Return the plan of an update.

        Raises:
            UnsafeError: the update would be refused.
            LockedError: another update is under way.
            EngineError: the preview failed.
        """
        failed: EngineError | NotThereError | None = None
        with self._asking(), tempfile.TemporaryDirectory(prefix="teal-") as folder:
            file = Path(folder) / "plan.json"
            self._workspace.env_vars = {FILE: str(file)}
            try:
                self._stack.preview(on_event=self._note, color="never")
            except CommandError as error:
                failed = self._failure(error, "previewed")
            plan = _written(file)
        if plan is not None and plan.word is Word.UNSAFE:
            raise UnsafeError(render.text(plan))
        if failed is not None:
            raise failed
        if plan is None:
            raise EngineError(
                f"the preview of {self._project.stack} left no plan: its program is not teal's. Nothing was "
                f"updated. Next: teal validate {self._project.file}"
            )
        return plan

    def up(self) -> None:
        """Make the stack what its file says.

        Raises:
            LockedError: another update is under way: nothing was done.
            EngineError: it failed; its own words are in the message.
        """
        failed = None
        with self._asking():
            try:
                self._stack.up(on_event=self._tell, color="never", message=_MESSAGE, show_secrets=False)
            except CommandError as error:
                failed = self._failure(error, "updated")
        if failed is not None:
            raise failed

    def config(self) -> Mapping[str, str]:
        """Return the `teal:` config of the stack, decrypted and without its prefix.

        Raises:
            EngineError: it cannot be read.
        """
        self._wrong.clear()
        try:
            known = self._workspace.get_all_config(self._project.stack)
        except CommandError as error:
            raise self._failure(error, "read") from None
        return {key.removeprefix(PREFIX): each.value for key, each in known.items() if key.startswith(PREFIX)}

    def judge(self, pack: Path) -> Sequence[Finding]:
        """Return what the policies of a pack find in what an update would make; nothing is updated.

        Raises:
            EngineError: the preview failed, and no policy has said why.
        """
        found: list[Finding] = []

        def note(event: EngineEvent) -> None:
            self._note(event)
            said = event.policy_event
            if said is not None:
                mandatory = said.enforcement_level == "mandatory"
                found.append(Finding(policy=said.policy_name, mandatory=mandatory, message=_plain(said.message)))

        failed: EngineError | NotThereError | None = None
        with self._asking():
            try:
                self._stack.preview(on_event=note, color="never", policy_packs=[str(pack)])
            except CommandError as error:
                failed = self._failure(error, "previewed")
        if failed is not None and not any(each.mandatory for each in found):
            raise failed
        return found

    def _failure(self, error: CommandError, what: str) -> EngineError | NotThereError:
        """Return the error that a failed command means, in the program's own words where it said any."""
        stack, said = self._project.stack, str(error)
        if isinstance(error, StackNotFoundError):
            return NotThereError(f"Pulumi has no stack {stack}, so nothing was {what}. Next: pulumi stack init {stack}")
        if isinstance(error, ConcurrentUpdateError):
            holder = "".join(f" ({line.strip()})" for line in said.splitlines() if "created by" in line)
            return LockedError(
                f"another update of {stack} is under way, or died and left its lock{holder}: nothing was {what}. Next: "
                "wait for its end (teal status --watch); if its process is gone, pulumi cancel --yes"
            )
        for words, remedy in _DAMAGED:
            if words in said:
                found = said.rpartition(words)[2].partition("\n")[0]
                return EngineError(
                    f"Pulumi's state of {stack} is not as Pulumi wrote it ({words}{found}), so nothing was {what}. "
                    f"Next: {remedy.format(stack=stack)}"
                )
        why = "\n".join(dict.fromkeys(self._wrong)) or _errors(said)
        if self._interrupted:
            why = "\n".join(["Ctrl-C ended it", *(each for each in self._wrong if "Next: " in each)])
        if what == "previewed" and "Next: " not in why:
            remedy = next(each for words, each in _LACKING if words in why)
            why = f"{why.rstrip('.')}. Nothing was updated. Next: {remedy.format(stack=stack)}"
        return EngineError(f"{stack} could not be {what}:\n{why}")

    def _note(self, event: EngineEvent) -> None:
        """Keep what went wrong."""
        found = event.diagnostic_event
        if found is not None and found.severity == "error" and (said := _plain(found.message)):
            self._wrong += [said] if not said.startswith(_AFTER) else []

    def _tell(self, event: EngineEvent) -> None:
        """Say what the program says, and what is done to which resource."""
        self._note(event)
        found = event.diagnostic_event
        if found is not None and found.severity in {"info", "warning"} and not _aside(found):
            self._say(_plain(found.message))
        done = event.res_outputs_event
        if done is not None and done.metadata.op is not OpType.SAME and "::" in done.metadata.urn:
            kind, name = done.metadata.type.rpartition(":")[2], done.metadata.urn.rpartition("::")[2]
            if not done.metadata.type.startswith(("pulumi:", "teal:")):
                self._say(f"{getattr(done.metadata.op, 'value', done.metadata.op)} {kind} {name}")

    @contextmanager
    def _asking(self) -> Generator[None]:
        """Leave Ctrl-C to Pulumi, which gets it as well, and ends what it does in order."""
        self._wrong.clear()
        self._interrupted = False
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def leave(_number: int, _frame: FrameType | None) -> None:
            self._interrupted = True
            self._say("Pulumi is asked to end: it does so in order, and says how it stands")

        before = signal.signal(signal.SIGINT, leave)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _written(file: Path) -> Plan | None:
    """Return the plan that a preview has left in a file; None where it left none."""
    try:
        return Plan.model_validate_json(file.read_text())
    except (OSError, ValidationError):
        return None


def _errors(said: str) -> str:
    """Return what a command wrote to standard error, without its warnings."""
    lines = said.rpartition(" stderr: ")[2].splitlines()
    return "\n".join(each for each in lines if not each.startswith("warning: ")).strip() or said.strip()


def _aside(found: DiagnosticEvent) -> bool:
    """Return whether a message is a provider's word about a step, or Pulumi's about where its plugins are."""
    return bool(found.ephemeral) or found.message.startswith(("using ", "resource plugin "))


def _plain(message: str) -> str:
    return _COLOURS.sub("", message).strip()
