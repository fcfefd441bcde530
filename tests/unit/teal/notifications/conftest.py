"""Somebody takes the messages, and notes them."""

import asyncio
from collections.abc import Mapping

import pytest

from teal.adapters.receivers import Message


class Post:
    """Takes messages, and notes them."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self.messages: list[tuple[str, tuple[str, ...]]] = []
        self.taken = frozenset({"chat", "pager", "cloudEvents"})
        self.open = asyncio.Event()
        self.open.set()

    async def tell(self, message: Message, people: Mapping[str, str], machines: Mapping[str, str]) -> frozenset[str]:
        """Take one, once the post is open."""
        await self.open.wait()
        self.messages.append((message.event["data"]["stage"], tuple(sorted({*people, *machines}))))
        return self.taken

    @property
    def stages(self) -> list[str]:
        """Of which stages messages came."""
        return [stage for stage, _ in self.messages]


@pytest.fixture
def post() -> Post:
    """Empty."""
    return Post()
