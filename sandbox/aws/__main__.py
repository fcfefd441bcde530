"""Serve the sandbox's AWS: `python -m sandbox.aws HOST PORT FOLDER [FIRST_ADDRESS]`, until it is ended."""

import logging
import sys
import threading
from pathlib import Path

from sandbox.aws.server import StandIn

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    host, port, folder, *addresses = sys.argv[1:]
    logging.getLogger("sandbox.aws").info("a stand-in for AWS, with moto and HAProxy; not AWS")
    StandIn(Path(folder), addresses=addresses[0] if addresses else "127.0.1.1").serve(host, int(port))
    threading.Event().wait()
