"""An engine has configured the stand-in provider before a test asks it."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.unit.aws.conftest import Aws
from tests.unit.aws.provider.declaring import Stub, served


@pytest.fixture(scope="module")
def stub(running_aws: Aws) -> Iterator[Stub]:
    """The provider, configured with a tag of its own for everything."""
    settings = {"aws:config:region": "eu-west-1", "aws:config:defaultTags": '{"tags": {"team": "shop"}}'}
    with served() as stub, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", running_aws.endpoint)
        stub.Configure(provider_pb2.ConfigureRequest(variables=settings))
        yield stub
