"""This is all that the checks of the settings say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import teal_infra.settings


def said() -> Iterator[tuple[str, str]]:
    """What every check says, as a pattern, and where it says so: what is raised, and what is given to `Refusal`."""
    root = Path(teal_infra.settings.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            for text in _texts(node):
                yield text, f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}"


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(
            func=ast.Name(id="PydanticCustomError" | "Refusal" | "clash" | "superfluous"), args=[_, text, *_]
        ):
            yield from _pattern(text)
        case ast.Assign(targets=[ast.Name(id="what")], value=text):
            yield from _pattern(text)
        case _:
            return


def _pattern(text: ast.expr) -> Iterator[str]:
    match text:
        case ast.Constant(value=str(words)):
            yield re.sub(r"\\\{\w+\\\}", ".*", re.escape(words))
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(str(each.value)) if isinstance(each, ast.Constant) else ".*" for each in parts)
        case _:
            return
