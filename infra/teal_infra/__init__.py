"""The Pulumi program: reads the config, declares resources, and binds the proof to the traffic.

A team's own `__main__.py` calls `run`, and needs nothing else of this package.
"""

import gc

__all__ = ["run"]


def run() -> None:
    """Declare the stack whose update or preview runs this program, by its `teal:` config and by what is live.

    Raises:
        SystemExit: the config is wrong, the cluster did not answer, or the update would be unsafe; the reason is in
            Pulumi's log, and nothing was declared.
    """
    # The imports below make 250,000 objects, none of them garbage. Looking for it takes a quarter of the imports' time,
    # even in Pulumi's own runner, which has only imported `pulumi` by now (2.0 s of CPU with it, 1.5 s without). For
    # the same reason nothing is imported with this package itself: `teal init` needs no Pulumi.
    gc.disable()
    from teal_infra.entry import declare  # noqa: PLC0415 - see above

    declare()
    gc.freeze()
    gc.enable()  # a bake may take minutes
