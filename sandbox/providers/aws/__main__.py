"""Run the provider as a plugin, as Pulumi's engine does: `python -m sandbox.providers.aws ENGINE_ADDRESS`."""

from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.plugin import serve

if __name__ == "__main__":
    serve(AwsProvider())
