"""Edits the text of a stack file: one value is replaced or removed, and every other byte stays. Pure.

A library that reads and writes YAML would write the whole file anew, in its own indentation and its own line breaks. So
the parser only says where a value stands, and the value is replaced there. The result is read again, and a text that
does not say exactly what was asked for is never returned.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

from teal.adapters.pulumi_yaml import Loader, parsed
from teal.model.plain import mapping

Scalar = str | int

_PLAIN = re.compile(r"[A-Za-z0-9][\w./@:+-]*(?<!:)")
_BLOCK_SCALARS = {"|", ">"}
_BOM = "\ufeff"
_COMPOSE = cast("Any", yaml).compose  # whose types say nothing of what it gives


class EditError(ValueError):
    """A value cannot be replaced without changing others; the message says which one, and why."""


def put(text: str, path: Sequence[str], value: Scalar) -> str:
    """Return the text with a value at a path; what is missing on the way is made.

    Raises:
        EditError: the value is shared with other places, or its parent is no mapping.
    """
    node, left, key = _root(text), [*path], None
    while left and isinstance(node, yaml.MappingNode) and (found := _child(node, left[0])) is not None:
        key, node = found
        left.pop(0)
        _require_own(text, key, node, path)
    if not left:
        if not isinstance(node, yaml.ScalarNode):
            raise EditError(f"{_said(path)} is no single value")
        start, end = node.start_mark.index, node.end_mark.index
        blank = "" if start != end or text[start - 1 : start].isspace() else " "
        made = text[:start] + blank + _scalar(value, node.style) + text[end:]
    elif isinstance(node, yaml.MappingNode):
        made = _inserted(text, node, left[0], _nested(left[1:], value, quoted=_quotes_keys(node)))
    elif node.tag.endswith(":null"):
        start, end = node.start_mark.index, node.end_mark.index
        made = f"{text[:start]} {_nested(left, value, quoted=False)}{text[end:]}"
    else:
        raise EditError(f"{_said(path)} has a parent that is no mapping")
    return _proven(made, _with(read(text), path, value))


def opened(text: str, path: Sequence[str]) -> str:
    """Return the text with an object where its JSON is a text; unchanged where that is not so.

    Raises:
        EditError: the value is shared with other places.
    """
    node, key = _root(text), None
    for name in path:
        found = _child(node, name) if isinstance(node, yaml.MappingNode) else None
        if found is None:
            return text
        key, node = found
        _require_own(text, key, node, path)
    known = parsed(node.value)
    if not isinstance(node, yaml.ScalarNode) or isinstance(known, str):
        return text
    ended = _break(text) if node.style in _BLOCK_SCALARS else ""
    made = f"{text[: node.start_mark.index]}{json.dumps(known, ensure_ascii=False)}{ended}{text[node.end_mark.index :]}"
    return _proven(made, _with(read(text), path, known))


def removed(text: str, path: Sequence[str]) -> str:
    """Return the text without the value at a path, and without what its line says of it; unchanged if there is none.

    Raises:
        EditError: the value is shared with other places, or nothing would be left beside it.
    """
    parent, found = _root(text), None
    for name in path:
        parent = found[1] if found is not None else parent
        found = _child(parent, name) if isinstance(parent, yaml.MappingNode) else None
        if found is None:
            return text
        _require_own(text, *found, path)
    if found is None or not isinstance(parent, yaml.MappingNode):
        return text
    key, value = found
    begin, end = key.start_mark.index, _end(value)
    entries = cast("Sequence[tuple[yaml.Node, yaml.Node]]", parent.value)
    at = [each for each, _ in entries].index(key)
    if not parent.flow_style:
        begin, (end, _) = begin - key.start_mark.column, _line_after(text, end)
    elif at:
        begin = _end(entries[at - 1][1])
    elif len(entries) > 1:
        end = entries[1][0].start_mark.index
    return _proven(text[:begin] + text[end:], _without(read(text), path))


def copied(text: str, parent: str, source: str, name: str) -> str:
    """Return the text with a copy of an entry beside it, comments included, under another name.

    Raises:
        EditError: the entry is shared with other places, or cannot be told from what is around it.
    """
    within = _child(_root(text), parent)
    found = _child(within[1], source) if within is not None and isinstance(within[1], yaml.MappingNode) else None
    if within is None or found is None:
        raise EditError(f"{parent}.{source} is not there")
    key, value = found
    _require_own(text, key, value, (parent, source))
    label = _scalar(name, key.style)
    rest = text[key.end_mark.index : _end(value)]
    if cast("yaml.MappingNode", within[1]).flow_style:
        made = f"{text[: _end(value)]}, {label}{rest}{text[_end(value) :]}"
    else:
        at, newline = _line_after(text, _end(value))
        made = f"{text[:at]}{newline}{' ' * key.start_mark.column}{label}{rest.rstrip()}{_break(text)}{text[at:]}"
    before = read(text)
    return _proven(made, {**before, parent: {**before[parent], name: before[parent][source]}})


def read(text: str) -> Mapping[str, Any]:
    """Return what a text says; nothing where it is no mapping.

    Raises:
        EditError: it is no YAML.
    """
    try:
        known: object = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe one
    except yaml.YAMLError as error:  # its own words would show lines of the file
        raise EditError(f"the file is no YAML: {getattr(error, 'problem', 'it cannot be read')}") from None
    return mapping(known)


def _root(text: str) -> yaml.Node:
    try:
        # The reader in C does not count the mark at the beginning that some editors write.
        root: object = _COMPOSE("\n" + text[1:] if text.startswith(_BOM) else text, Loader=Loader)
    except yaml.YAMLError as error:
        raise EditError(f"the file is no YAML: {getattr(error, 'problem', 'it cannot be read')}") from None
    if not isinstance(root, yaml.MappingNode):
        raise EditError("the file is no mapping")
    return root


def _child(node: yaml.Node, name: str) -> tuple[yaml.ScalarNode, yaml.Node] | None:
    pairs = cast("Sequence[tuple[yaml.Node, yaml.Node]]", node.value)
    return next(((key, each) for key, each in pairs if isinstance(key, yaml.ScalarNode) and key.value == name), None)


def _require_own(text: str, key: yaml.Node, value: yaml.Node, path: Sequence[str]) -> None:
    """Refuse a value that other places of the file share: they would change with it."""
    if value.start_mark.index < key.end_mark.index:
        raise EditError(f"{_said(path)} is an alias of another place in the file")
    if text[value.start_mark.index : value.start_mark.index + 1] in {"&", "!"}:
        raise EditError(f"{_said(path)} has an anchor or a tag")


def _inserted(text: str, node: yaml.MappingNode, name: str, value: str) -> str:
    entries = cast("Sequence[tuple[yaml.Node, yaml.Node]]", node.value)
    label = _scalar(name, '"' if _quotes_keys(node) else None)
    if node.flow_style:
        if not entries:
            at = node.start_mark.index + 1
            return f"{text[:at]}{label}: {value}{text[at:]}"
        at = _end(entries[-1][1])
        return f"{text[:at]}, {label}: {value}{text[at:]}"
    at, newline = _line_after(text, _end(entries[-1][1]))
    return f"{text[:at]}{newline}{' ' * node.start_mark.column}{label}: {value}{_break(text)}{text[at:]}"


def _end(node: yaml.Node) -> int:
    """Return where a node's last part ends: a block's own end is where the next thing begins, past comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last: Any = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return node.end_mark.index


def _line_after(text: str, end: int) -> tuple[int, str]:
    """Return where the line after a place begins, and the line break to write before it where there is none yet."""
    if text[end - 1 : end] == "\n":
        return end, ""
    found = text.find("\n", end)
    return (found + 1, "") if found >= 0 else (len(text), _break(text))


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _quotes_keys(node: yaml.MappingNode) -> bool:
    """Return whether a mapping is written as JSON, as far as its first key says."""
    entries = cast("Sequence[tuple[yaml.Node, yaml.Node]]", node.value)
    return bool(entries) and isinstance(entries[0][0], yaml.ScalarNode) and entries[0][0].style == '"'


def _nested(path: Sequence[str], value: Scalar, *, quoted: bool) -> str:
    style = '"' if quoted else None
    if not path:
        return _scalar(value, style)
    return f"{{{_scalar(path[0], style)}: {_nested(path[1:], value, quoted=quoted)}}}"


def _scalar(value: Scalar, style: str | None) -> str:
    """Return a value as it is written, in the quotes of the one before; what YAML takes for no text is quoted."""
    if isinstance(value, int):
        return str(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == '"' or style in _BLOCK_SCALARS or not _is_plain(value):
        return json.dumps(value, ensure_ascii=False)
    return value


def _is_plain(value: str) -> bool:
    """Return whether every YAML takes a word for a text: Pulumi reads by another version of it than Python does."""
    if not _PLAIN.fullmatch(value) or not isinstance(yaml.safe_load(value), str):
        return False
    try:
        float(value.replace("_", ""))
    except ValueError:
        return not re.match(r"0[xob]", value)
    return False


def _with(node: object, path: Sequence[str], value: object) -> Any:  # noqa: ANN401 - what a file says is anything
    if not path:
        return value
    known = mapping(node)
    return {**known, path[0]: _with(known.get(path[0]), path[1:], value)}


def _without(node: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    name, *rest = path
    if rest:
        return {**node, name: _without(node[name], rest)}
    return {key: each for key, each in node.items() if key != name}


def _proven(made: str, wanted: Mapping[str, Any]) -> str:
    if read(made) != wanted:
        raise EditError("the file is written in such a way that this change would change more than its value")
    return made


def _said(path: Sequence[str]) -> str:
    return ".".join(path[1:] if path[0] == "config" else path)
