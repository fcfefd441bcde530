"""How the engine's files are read and written: YAML with file and line in the error, writes at once or not at all."""
# ruamel.yaml carries no types:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from sandbox.engine.errors import EngineError


def write_atomic(path: Path, content: bytes, *, fsync: bool = False) -> None:
    """Replace a file so that a reader, or a process killed meanwhile, has the old content or the new one.

    `fsync` also guards against the machine losing power; it costs several milliseconds a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        if fsync:
            file.flush()
            os.fsync(file.fileno())
    if path.exists():
        temporary.chmod(path.stat().st_mode)
    temporary.replace(path)


def read_yaml(path: Path, failure: type[EngineError]) -> tuple[dict[str, Any], YAML]:
    """Read a YAML file that holds a map, with the writer that keeps its comments, quotes and indentation.

    An empty file is an empty map.

    Raises:
        failure: the file cannot be read, is no valid YAML (file and line are named) or holds no map.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16  # never fold a long line: a ciphertext stays on its own
    try:
        text = path.read_text(encoding="utf-8-sig")
        document, indent, offset = load_yaml_guess_indent(text, yaml=yaml)
        yaml.indent(mapping=2, sequence=indent or 4, offset=offset if offset is not None else 2)
    except OSError as error:
        raise failure(f"cannot read {path}: {error.strerror}. Nothing was done.") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise failure(
            f"{where}: invalid YAML: {error.problem or error.context}. Nothing was done; mend the line and try again."
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise failure(f"{path}: invalid YAML: {error}. Nothing was done.") from error
    if document is None:
        document = yaml.load("{}")
    if not isinstance(document, dict):
        raise failure(
            f"{path}: expected a map of settings at the top, found {type(document).__name__}. See its manual."
        )
    return cast("dict[str, Any]", document), yaml
