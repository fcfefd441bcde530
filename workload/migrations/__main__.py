"""Runs the migrations: `python3 -m workload.migrations up|down|status|verify`.

Exit status: 0 done, 1 failed and worth another try (the database is away, a lock was not to be had), 2 refused: used
wrongly, or what was asked for would be wrong.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.exc import DBAPIError

from workload.migrations import database
from workload.migrations.errors import RefusedError
from workload.migrations.history import Migration, Phase
from workload.migrations.schema import Schema


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what is asked for; say what was done on stdout, what was not on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        with Schema.of(database.engine(database.url(environ), environ)) as schema:
            _do(asked, schema)
    except RefusedError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 2
    except DBAPIError as error:
        # The driver's own words; SQLAlchemy's would add the statement and its values.
        sys.stderr.write(f"failed: {str(error.orig).strip()}. Try again: it goes on where it was\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="workload.migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="apply what is pending")
    up.add_argument("revision", nargs="?", type=int, help="up to this one; all by default")
    up.add_argument("--phase", choices=list(Phase), default=Phase.EXPAND, help="contract: drop what nobody needs, too")
    down = commands.add_parser("down", help="take back what was applied after a revision")
    down.add_argument("revision", type=int, help="what is left; 0 for nothing")
    commands.add_parser("status", help="say what is applied and what is pending")
    commands.add_parser("verify", help="compare the database with what the migrations say")
    return parser


def _do(asked: argparse.Namespace, schema: Schema) -> None:
    match asked.command:
        case "up":
            _report("applied", schema.up(asked.revision, Phase(asked.phase)))
        case "down":
            _report("taken back", schema.down(asked.revision))
        case "verify":
            schema.verify()
            sys.stdout.write("verified: the schema is what the migrations say\n")
        case _:
            _report("pending", schema.pending())
    sys.stdout.write(f"the schema is at {schema.revision:04d}\n")


def _report(what: str, migrations: Iterable[Migration]) -> None:
    for each in migrations:
        sys.stdout.write(f"{what}: {each.revision} ({each.phase}) {each.title}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
