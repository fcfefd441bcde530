"""Keeps an API server busy with one request: its head is sent, its body never comes.

`python -m tests.sandbox.program.bake.occupied KUBECONFIG NAMESPACE`, until it is ended. A priority level without any
share serves one request at a time, and none beside this one.
"""

import json
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def main() -> None:
    """Ask for a ConfigMap, and leave it at that."""
    kubeconfig: Any = json.loads(Path(sys.argv[1]).read_text())
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    server = urlsplit(str(cluster["server"]))
    trust = ssl.create_default_context(cafile=cluster["certificate-authority"])
    head = [
        f"POST /api/v1/namespaces/{sys.argv[2]}/configmaps HTTP/1.1",
        f"Host: {server.netloc}",
        f"Authorization: Bearer {user['token']}",
        "Content-Type: application/json",
        "Content-Length: 1000",
        "\r\n",
    ]
    with (
        socket.create_connection((server.hostname or "", server.port or 443)) as plain,
        trust.wrap_socket(plain, server_hostname=server.hostname) as tls,
    ):
        tls.sendall("\r\n".join(head).encode())
        time.sleep(60)  # an API server gives up on a request by then


if __name__ == "__main__":
    main()
