"""What building an image can fail with: one exception, whose text says what to do next."""


class ImageError(Exception):
    """An image cannot be built; the message names the step, what it said and the next command."""
