"""Which version of the API a request asks for. Pure."""

import re

from starlette.datastructures import Headers, QueryParams

FORMER = "v1"
CURRENT = "v2"
VERSIONS = (FORMER, CURRENT)

MIGRATION_GUIDE = "https://docs.example.com/migration"

HEADER = "X-API-Version"
PARAMETER = "api_version"

_IN_PATH = re.compile(r"/api/(v[0-9]+)(/.*)")


def choose(path: str, headers: Headers, query: str) -> tuple[str, str]:
    """The version of the API that is asked for, and the path without it.

    The path decides (`/api/v2/pricing`), then the header, then the parameter of the query. Who says nothing gets the
    former version: a client that was written before there was another one is not broken by it.
    """
    named = _IN_PATH.fullmatch(path)
    if named is not None:
        return named[1], named[2]
    said = headers.get(HEADER) or (QueryParams(query).get(PARAMETER) if query else None)
    return said or FORMER, path
