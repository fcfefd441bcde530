"""Reads Kubernetes' quantities as numbers: `250m`, `96Mi`, and those in which usage is measured, `1234567n`. Pure."""

_SMALL = {"n": 1e-9, "u": 1e-6, "m": 1e-3}


def amount(quantity: str) -> float:
    """Return how much a quantity is, without its unit.

    Raises:
        ValueError: the text is no quantity.
    """
    number = quantity.rstrip("numkKMGTPEi")
    unit = quantity.removeprefix(number)
    if unit in _SMALL:
        return float(number) * _SMALL[unit]
    return float(number) * (1024 if unit.endswith("i") else 1000) ** " KMGTPE".index(unit[:1].upper() or " ")
