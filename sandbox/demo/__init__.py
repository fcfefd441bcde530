"""`make demo`: live traffic moves to green and back under load, and a broken slot is refused."""

from sandbox.demo.main import run

__all__ = ["run"]
