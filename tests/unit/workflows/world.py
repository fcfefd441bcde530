"""A stack in a folder of its own, and stand-ins for the commands that steps run there: they record what is asked."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STAND_IN = """#!{python} -IS
import json, os, pathlib, sys
name, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
world = pathlib.Path(os.environ["WORLD"])
with (world / "log").open("a") as log:
    log.write(json.dumps([name, *args]) + "\\n")
queue = json.loads((world / "words").read_text())
if name == "pulumi" and args[0] in ("preview", "up"):
    (world / "tools").write_text(os.environ["PATH"].split(":")[0])
    (world / "pid").write_text(str(os.getpid()))
if name == "pulumi" and args[0] == "preview":
    (world / "words").write_text(json.dumps(queue[1:]))
    plan = {{"word": queue[0], "activeColour": "green", "namespace": "shop"}}
    if queue[0]:
        confirmed = os.environ.get("CONFIRMED") or None
        pathlib.Path(os.environ["TEAL_PLAN_FILE"]).write_text(json.dumps({{**plan, "confirmedColour": confirmed}}))
    sys.exit(int(os.environ.get("JUDGED", "0")))
if name == "pulumi" and args[:2] == ["config", "get"]:
    known = os.environ.get("PROMETHEUS") if args[-1] == "teal:prometheus" else None
    print(known) if known else sys.exit("error: configuration key not found")
if name == "pulumi" and args[:2] == ["stack", "init"]:
    sys.exit(os.environ.get("REFUSAL") or "error: stack 'organization/teal/test' already exists")
if name == "teal" and args[:2] == ["watch", "--stack"]:
    print("watching", args[2], "by", repr(os.environ["PROMETHEUS_URL"]), "as", os.environ["PROMETHEUS_CREDENTIALS"])
if name == "teal" and args[:2] == ["plan", "--markdown"]:
    word = json.loads(pathlib.Path(args[2]).read_text())["word"]
    print(f"{marker}\\n**{{word}}**")
    sys.exit(4 if word == "UNSAFE" else 0)
if name == "teal" and args[0] == "status" and "--json" in args:
    versions = {{"blue": "1.0.0", "green": "1.1.0"}}
    slots = {{colour: {{"backend": {{"version": version}}}} for colour, version in versions.items()}}
    print(json.dumps({{"colours": slots}}) if os.environ.get("ANSWERS", "yes") == "yes" else "")
    sys.exit(3)
if name == "teal" and args[0] == "rollback":
    sys.exit(int(os.environ.get("ROLLED", "5")))
if name == "teal" and args[0] == "status":
    print("live traffic of", args[args.index("--stack") + 1], file=sys.stderr)
    sys.exit(int(os.environ.get("AT_REST", "0")))
if name == "docker" and args[:2] == ["image", "inspect"]:
    print("mirror.example/shop/backend@sha256:11", "registry.example/shop/backend@sha256:22", "", sep=chr(10))
if name == "docker" and args[0] in ("build", "push"):
    print("chatter")
if name == "curl" and args[-1].endswith("/user"):
    print('{{"id": 5}}')
if name == "curl" and "/notes?" in args[-1]:
    print(os.environ.get("NOTES", "[]"))
if name == "teal" and args[0] == "check":
    sys.exit(int(os.environ.get("CHECKED", "0")))
if name == "gh" and any("/contents/" in each for each in args):
    print(os.environ.get("NEWEST") or sys.exit("gh: Not Found (HTTP 404)"))
if name == "gh" and "--paginate" in args:
    (world / "mark").write_text(os.environ["MARK"])
    print(os.environ.get("COMMENTS", ""), end="")
"""


@dataclass
class World:
    """A folder with a stack, and what was run there."""

    folder: Path

    def make(self, target: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a step; each preview says the next of `words`."""
        (self.folder / "words").write_text(json.dumps(words))
        (self.folder / "log").write_text("")
        return subprocess.run(  # the tests' own commands
            ["make", "--silent", target],  # noqa: S607 - make is what is tested
            cwd=self.folder,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "WORLD": str(self.folder),
                "STACK": "test",
                "CONFIRMED": "blue",
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def ran(self, name: str, *first: str) -> list[Sequence[str]]:
        """The commands of that name, and with these first words, in their order."""
        said: list[list[str]] = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        return [command for command in said if command[: len(first) + 1] == [name, *first]]

    @property
    def updates(self) -> list[str]:
        """The stack files that were made so."""
        return [command[command.index("--config-file") + 1] for command in self.ran("pulumi", "up")]


OWN = "stacks/Pulumi.test.yaml"
HELD = ".delivery/test/held.yaml"
PLAN = ".delivery/test/plan.md"

RELEASE = {"REPOSITORY": "registry.example/shop/backend", "VERSION": "1.5.0", "SERVICE": "backend"}
