"""Starts the service: `python3 -m workload.pricing`.

Exit status: 0 after a drain, 1 after a crash, 2 for settings that cannot be used, 3 if it cannot listen (uvicorn's).
"""

import logging
import os
import sys

from workload.pricing.app import create_app
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.server import Server
from workload.pricing.settings import Settings, SettingsError


def main() -> int:
    """Serve until the end of a drain."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"workload.pricing {error}\n")
        return 2
    lifecycle = Lifecycle(linger_seconds=settings.drain_linger_seconds)
    server = Server(create_app(settings, lifecycle), settings, lifecycle)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
