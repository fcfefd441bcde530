"""Prometheus' commands are compiled each for itself: rules are checked without a server, and the other way round."""

from pathlib import Path

from sandbox.prometheus.build import built, module


def test_one_command_is_had_without_the_other(tmp_path: Path) -> None:
    """Either takes minutes to compile."""
    target = module("promtool").target(tmp_path)
    target.mkdir(parents=True)
    assert built(tmp_path, "promtool") == target / "promtool"
    assert built(tmp_path, "prometheus") is None


def test_only_one_way_to_find_targets_is_compiled_in() -> None:
    """Each of the others brings a cloud's SDK."""
    assert "-tags=remove_all_sd,enable_kubernetes_sd" in module("prometheus").options("v0.0.0")
