"""What happens at a flip: a pure core, and adapters around it. It knows no Pulumi program and no sandbox."""

import logging

# stamina logs each retry; without any set-up of logging, Python would print that between the lines of an update.
logging.getLogger("stamina").addHandler(logging.NullHandler())
