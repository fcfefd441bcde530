"""Serve the Kubernetes provider on a Unix socket: a network namespace hides ports, not files."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.providers.kubernetes.provider import KubernetesProvider

if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(KubernetesProvider(), server)
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()  # until whoever started this closes it, or is gone
    server.stop(grace=None)
