"""Renders what is shown as HTML: whole pages, and the parts of the live one by name. Everything put in is escaped."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from teal_infra.looking.view import Look, Shown

REGIONS = ("headline", "colours", "requests", "progress", "flip", "approval", "history")
"""The parts of the live page in their order, each a macro of `parts.html.j2`."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser lets the live page load: nothing from elsewhere, and nothing that is written into the page itself."""

_FILES = resources.files("teal_infra.looking") / "templates"

CSS = (_FILES / "look.css").read_text()
SCRIPT = (_FILES / "look.js").read_text()

REPORT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
"""The same for a report, which contains its one style, and no script."""

_TEMPLATES = Environment(
    loader=PackageLoader("teal_infra.looking"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def report(shown: Shown, namespace: str) -> str:
    """Return one flip as one file that needs nothing else."""
    return _render("report", shown=shown, namespace=namespace, css=Markup(CSS), policy=REPORT_POLICY)  # noqa: S704 - our own file


def regions(look: Look, token: str) -> Mapping[str, str]:
    """Return the parts of the live page by name.

    Args:
        look: how the stack stands.
        token: the token of whoever may approve; empty for whoever may not.
    """
    parts: Any = _TEMPLATES.get_template("parts.html.j2").module
    return {name: getattr(parts, name)(look, *([token] if name == "approval" else [])) for name in REGIONS}


def page(look: Look, token: str) -> str:
    """Return the live page as it is loaded."""
    return _render("page", look=look, regions=regions(look, token))


def said(title: str, text: str, back: str) -> str:
    """Return the page that says what became of a request, with the way back."""
    return _render("said", title=title, text=text, back=back)


def _render(name: str, **known: object) -> str:
    return _TEMPLATES.get_template(f"{name}.html.j2").render(**known)
