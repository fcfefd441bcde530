"""Run the provider as a plugin: `python -m sandbox.providers.kubernetes [ENGINE_ADDRESS]` prints its port."""

import sys

from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.plugin import serve

if __name__ == "__main__":
    engine_address = sys.argv[1] if len(sys.argv) > 1 else ""
    serve(KubernetesProvider(engine_address), engine_address)
