"""The sandbox's images, built without a container engine and without a registry.

`build` packs the reference service (`localhost/teal/pricing:<version>`) and teal itself (`localhost/teal/watch:1`),
`build_pause` the pod holder (`localhost/teal/pause:1`), `build_recipe` what a Containerfile of `examples/` says
(`localhost/examples/<name>:<version>`). Each returns the path of an archive that `ctr images import` or `docker load`
reads, kept under `<cache>/images` by a hash of what went into it: nothing changed, nothing is built.

Not for users: they build `workload/Dockerfile`, `teal/Dockerfile` and the Containerfiles with their own engine.
"""

from sandbox.image.build import PAUSE_IMAGE, PRICING, WATCH, build, build_pause
from sandbox.image.errors import ImageError
from sandbox.image.recipe import build_recipe

__all__ = ["PAUSE_IMAGE", "PRICING", "WATCH", "ImageError", "build", "build_pause", "build_recipe"]
