"""Reads what `teal deploy` was asked for: a version, images, or nothing; and which image each service gets. Pure."""

from collections.abc import Mapping, Sequence

from teal.model.colours import Colour
from teal.model.errors import NotThereError
from teal_infra.manager.declared import Declared

_NEXT = "Nothing was changed. Next: teal deploy VERSION"


def release(declared: Declared, idle: Colour, words: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
    """Return the version and the images that were asked for; None where the idle slot's own release is meant.

    Args:
        declared: the stack file.
        idle: the colour that the release is for.
        words: a version, and images: `IMAGE` where there is one service, `SERVICE=IMAGE` where there are several.

    Raises:
        NotThereError: it cannot be told which image of which service is meant.
    """
    if not words:
        if not declared.slot(idle):
            raise NotThereError(
                f"{idle}, which is idle, has no release in {declared.file}, and no version was named: "
                f"there is nothing to deploy. {_NEXT}"
            )
        return None
    if not declared.services:
        raise NotThereError(
            f"{declared.file} has no services (teal:services), so there is nothing to release: nothing was changed. "
            "Next: pulumi config set --path 'teal:services.backend.port' 8000"
        )
    versions = [each for each in words if not _is_image(each)]
    images = dict(_named(declared, each) for each in words if _is_image(each))
    tags = {_tag(each) for each in images.values()} - {""}
    if len(versions) > 1 or (not versions and len(tags) != 1):
        said = (
            f"{len(versions)} versions ({', '.join(versions)})"
            if versions
            else "images alone, by digest or with several tags"
        )
        raise NotThereError(f"{said}: it cannot be told which version is to be live. {_NEXT} SERVICE=IMAGE")
    version = versions[0] if versions else tags.pop()
    return version, {name: images.get(name) or _derived(declared, idle, name, version) for name in declared.services}


def _is_image(word: str) -> bool:
    return "=" in word or ":" in word or "@" in word or "/" in word


def _named(declared: Declared, word: str) -> tuple[str, str]:
    service, equals, image = word.partition("=")
    if not equals:
        if len(declared.services) != 1:
            raise NotThereError(
                f"{word} is an image, and the stack has the services {', '.join(declared.services)}: it "
                f"cannot be told whose it is. {_NEXT} {declared.services[0]}={word}"
            )
        return declared.services[0], word
    if service not in declared.services:
        raise NotThereError(
            f"{word} names the service {service}, and {declared.file} has {', '.join(declared.services)} "
            f"alone. {_NEXT} {declared.services[0]}={image or 'IMAGE'}"
        )
    if not image:
        raise NotThereError(f"{word} names no image: {service} would have none. {_NEXT} {service}=IMAGE")
    return service, image


def _tag(image: str) -> str:
    """Return the tag of an image; empty where it is named by its digest."""
    return "" if "@" in image else image.rpartition("/")[2].partition(":")[2]


def _derived(declared: Declared, idle: Colour, service: str, version: str) -> str:
    """Return the image of a version, where a release that exists has its image tagged with its own version."""
    for colour in (idle.other, idle):
        image = declared.images(colour).get(service, "")
        tag = _tag(image)
        if tag and tag == str(declared.slot(colour).get("version", "")):
            return f"{image.removesuffix(tag)}{version}"
    raise NotThereError(
        f"the images of {service} in {declared.file} are not tagged with their versions, so it cannot be told which "
        f"one is {version}. Nothing was changed. Next: teal deploy {version} {service}=IMAGE"
    )
