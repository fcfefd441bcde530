"""What is shown, as HTML: whole pages, and the parts of the live one by their names. Whatever is put in is escaped."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from teal_infra.looking.view import Look, Shown

REGIONS = ("headline", "colours", "requests", "progress", "flip", "approval", "history")
"""Parts of the live page, in their order; each is a macro of `parts.html.j2`."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser lets the live page do: nothing of anybody else's, and nothing that is written into it."""

_FILES = resources.files("teal_infra.looking") / "templates"

CSS = (_FILES / "look.css").read_text()
SCRIPT = (_FILES / "look.js").read_text()

REPORT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
"""The same of a report, which has its one style in itself, and no script."""

_TEMPLATES = Environment(
    loader=PackageLoader("teal_infra.looking"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def report(shown: Shown, namespace: str) -> str:
    """One flip as one file that needs nothing else."""
    return _render("report", shown=shown, namespace=namespace, css=Markup(CSS), policy=REPORT_POLICY)  # noqa: S704 - our own file


def regions(look: Look, token: str) -> Mapping[str, str]:
    """The parts of the live page.

    Args:
        look: how the stack stands.
        token: of whoever may approve; empty for whoever may not.
    """
    parts: Any = _TEMPLATES.get_template("parts.html.j2").module
    return {name: getattr(parts, name)(*_arguments(name, look, token)) for name in REGIONS}


def page(look: Look, token: str) -> str:
    """The live page as it is loaded."""
    return _render("page", look=look, regions=regions(look, token))


def said(title: str, text: str, back: str) -> str:
    """What became of a request, and the way back to the page."""
    return _render("said", title=title, text=text, back=back)


def _arguments(name: str, look: Look, token: str) -> Sequence[object]:
    return (look, token) if name == "approval" else (look,)


def _render(name: str, **known: object) -> str:
    return _TEMPLATES.get_template(f"{name}.html.j2").render(**known)
