"""Run the provider as a plugin: `python -m sandbox.providers.aws [ENGINE_ADDRESS]` prints its port."""

import sys

from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.plugin import serve

if __name__ == "__main__":
    serve(AwsProvider(), sys.argv[1] if len(sys.argv) > 1 else "")
