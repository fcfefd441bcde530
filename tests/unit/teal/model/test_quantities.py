"""Kubernetes' quantities are numbers, whatever their unit."""

import math

import pytest

from teal.model.quantities import amount


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("250m", 0.25),
        ("1500u", 0.0015),
        ("1234567n", 0.001234567),
        ("1k", 1000.0),
        ("3M", 3e6),
        ("4Ki", 4096.0),
        ("96Mi", 96 * 1024**2),
        ("2Gi", 2 * 1024**3),
    ],
)
def test_a_quantity_is_a_number(quantity: str, number: float) -> None:
    """In whole units: of processors, or of bytes."""
    assert math.isclose(amount(quantity), number)
