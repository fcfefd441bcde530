"""Serve the sandbox's AWS: `python -m sandbox.aws HOST PORT FOLDER [FIRST_ADDRESS]`, until it is ended."""

import logging
import sys
import threading
from pathlib import Path

from sandbox.aws.faults import LATENCY_SECONDS, Faults
from sandbox.aws.server import StandIn

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    host, port, folder, *addresses = sys.argv[1:]
    logging.getLogger("sandbox.aws").info("a stand-in for AWS, with moto and HAProxy; not AWS")
    aws = StandIn(Path(folder), addresses=addresses[0] if addresses else "127.0.1.1")
    aws.faults.put(Faults(answer_delay_s=LATENCY_SECONDS))
    aws.serve(host, int(port))
    threading.Event().wait()
