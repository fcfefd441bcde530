"""For every check there is a stack file here that it refuses."""

from tests.unit.infra.settings.errors.catalogue.services import SERVICES
from tests.unit.infra.settings.errors.catalogue.stacks import STACKS

CLASHES = (*SERVICES, *STACKS)
