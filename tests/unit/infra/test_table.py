"""The page of settings says what the models say."""

from pathlib import Path

from infra.settings.table import page


def test_the_page_is_made_from_the_models() -> None:
    """`python -m infra.settings.table > docs/settings.md` has been run."""
    assert (Path(__file__).parents[3] / "docs/settings.md").read_text() == page()
