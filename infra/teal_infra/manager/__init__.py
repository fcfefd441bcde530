"""Offers the verbs of a day's work as a Python API, on the code that the command line runs.

    from teal_infra.manager import BlueGreenManager

    manager = BlueGreenManager(stack="production")
    manager.deploy_new_version("1.5.0")
    manager.rollback()

It needs Pulumi's command and the stack file, so it is not in `teal`, which is all that the watch's image has.
"""

from teal_infra.manager.asynchronous import AsyncBlueGreenManager
from teal_infra.manager.blue_green import BlueGreenManager
from teal_infra.manager.results import Done, Quiet, Teller

__all__ = ["AsyncBlueGreenManager", "BlueGreenManager", "Done", "Quiet", "Teller"]
