"""Runs a Pulumi program in the project's own Python, as Pulumi's language host does.

Executed by path in a child process (`python -P launcher.py`), configured by TEAL_LAUNCH (JSON). It imports the SDK of
the project and nothing of this package.
"""

import asyncio
import atexit
import gc
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pulumi
import pulumi.runtime

SHOWN: Final = 32
"""Exit status by which Pulumi's language host says that the user has been told already."""


def own_frames(error: BaseException, program: str) -> str:
    """The traceback from the program's own first frame on; frames of runners and runtimes help nobody."""
    frames = traceback.extract_tb(error.__traceback__)
    start = next((index for index, frame in enumerate(frames) if frame.filename.startswith(program)), len(frames))
    if start == len(frames):  # the SDK refused something while the program waited for it
        return "".join(traceback.format_exception_only(error))
    return "".join(
        [
            "Traceback (most recent call last):\n",
            *traceback.format_list(frames[start:]),
            *traceback.format_exception_only(error),
        ]
    )


def unheard(*_: object, **__: object) -> None:
    """What becomes of debug messages: this engine shows none.

    The SDK has five for each resource, and each is a call to the engine that stops the program until it is answered:
    three quarters of the program's time with a thousand resources.
    """


def main() -> int:
    """Run the program; gives its exit status."""
    gc.set_threshold(100_000)  # a program keeps nearly all that it makes: looking for garbage took a fifth of its time
    launch: dict[str, Any] = json.loads(os.environ.pop("TEAL_LAUNCH"))
    pulumi.runtime.set_all_config(launch["config"], launch["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=launch["monitor"],
            engine=launch["engine"],
            project=launch["project"],
            stack=launch["stack"],
            parallel=launch["parallel"],
            dry_run=launch["dry_run"],
            organization="organization",
            root_directory=launch["root"],
        )
    )
    pulumi.log.debug = unheard
    program: str = launch["program"]
    sys.argv = [program]
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # unawaited futures of a failed graph are no news
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=4 * max(launch["parallel"], 1))
    loop.set_default_executor(executor)

    async def body() -> None:
        runpy.run_path(program, run_name="__main__")
        # What the program declared is under way now. Otherwise the SDK sees none of it yet and waits for outputs
        # instead, again and again for all that are left: time with the square of their number.
        await asyncio.sleep(0)

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(body))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - whatever a program raises is told to its author
        folder = program if os.path.isdir(program) else os.path.dirname(program)  # noqa: PTH112, PTH120 - no pathlib for two calls
        pulumi.log.error(f"Program failed with an unhandled exception:\n{own_frames(error, folder)}")
        return SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    status = main()
    # Taking a heap full of SDK apart costs a quarter of a second and nobody waits for it; what was to run at exit runs.
    atexit._run_exitfuncs()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the interpreter's own way to do it
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
