"""What happens at a flip: a pure core and thin edges. Knows nothing of Pulumi programs or of the sandbox."""

import logging

# stamina logs each retry; where nobody set up logging, Python would print that between the lines of an update.
logging.getLogger("stamina").addHandler(logging.NullHandler())
