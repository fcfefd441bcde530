"""Stack files that are wrong: for every check one that it refuses."""

from tests.unit.infra.settings.errors.catalogue.services import SERVICES
from tests.unit.infra.settings.errors.catalogue.stacks import STACKS

CLASHES = (*SERVICES, *STACKS)
