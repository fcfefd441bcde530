"""Does work that comes to the same each time once: half of a seed's time would be JSON that was read before.

It keeps results of pure functions: models that cannot be changed, of the same bytes, and what a stack declares, of the
same settings. No seed can tell.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import lru_cache, wraps
from inspect import CO_COROUTINE
from typing import Any, TypeVar
from unittest.mock import patch

from pydantic import BaseModel
from teal_infra.components.fingerprint import Fingerprint
from teal_infra.planning import move, slots
from tenacity._utils import is_coroutine_callable

from teal.model.verdict import printable

MOST = 4096
"""How many models of the bytes that were read last are kept."""

_T = TypeVar("_T")
_READ = BaseModel.model_validate_json.__func__  # pyright: ignore[reportFunctionMemberAccess]  # of a class method


@lru_cache(MOST)
def _model(shape: type[BaseModel], text: str | bytes) -> BaseModel:
    return _READ(shape, text)


def _read(shape: type[BaseModel], text: str | bytes) -> BaseModel:
    return _model(shape, text)


def _once(function: Callable[..., _T]) -> Callable[..., _T]:
    """Return a function of an object that lives on and cannot be changed, and that is known by its identity."""
    known = dict[tuple[Any, ...], tuple[object, _T]]()

    @wraps(function)
    def remembering(of: object, *more: Any) -> _T:  # noqa: ANN401 - whatever it takes
        key = (id(of), *more)
        if key not in known:
            known[key] = (of, function(of, *more))
        return known[key][1]

    return remembering


_DECLARED = (
    (slots, "fingerprint_of", _once(slots.fingerprint_of)),
    (slots, "release", _once(slots.release)),
    (move, "bake_plan", _once(move.bake_plan)),
    (move, "gate_plans", _once(move.gate_plans)),
    (Fingerprint, "parts", property(_once(Fingerprint.parts.fget or repr))),
    (Fingerprint, "digest", property(_once(Fingerprint.digest.fget or repr))),
)


_PRINTABLE = lru_cache(MOST)(printable)
_is_coroutine = is_coroutine_callable


def _awaited(call: Callable[..., Any]) -> bool:
    """Return whether what tenacity is given is to be awaited: it asks so for some callbacks of every request."""
    code: Any = getattr(call, "__code__", None)
    return bool(code.co_flags & CO_COROUTINE) if code is not None else _is_coroutine(call)


@contextmanager
def remembered() -> Generator[None]:
    """Do nothing of that twice within this context."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(BaseModel, "model_validate_json", classmethod(_read)))
        for place, name, function in _DECLARED:
            stack.enter_context(patch.object(place, name, function))
        stack.enter_context(patch("teal.model.verdict.printable", _PRINTABLE))
        stack.enter_context(patch("tenacity._utils.is_coroutine_callable", _awaited))
        yield
