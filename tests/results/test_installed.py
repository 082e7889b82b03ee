"""The versions of installed packages, under whichever name they were installed."""

from importlib import metadata
from pathlib import Path

import pytest

from keras_search.results import installed


@pytest.fixture
def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package `flow_of_tensors`, which a distribution `flow-of-tensors-cpu` has brought."""
    (tmp_path / "flow_of_tensors").mkdir()
    (tmp_path / "flow_of_tensors" / "__init__.py").write_text("raise ImportError('it is not loaded')\n")
    described = tmp_path / "flow_of_tensors_cpu-2.18.1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: flow-of-tensors-cpu\nVersion: 2.18.1\n")
    (described / "top_level.txt").write_text("flow_of_tensors\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("vendors")
def test_a_package_need_not_have_the_name_of_its_distribution() -> None:
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("flow_of_tensors")
    assert installed.version("flow_of_tensors") == "2.18.1"


@pytest.mark.usefixtures("vendors")
def test_what_is_not_installed_is_left_out() -> None:
    assert installed.version("flow_of_sensors") is None
    assert installed.versions(["flow-of-tensors", "flow-of-sensors", "keras-tuner"]) == {
        "flow-of-tensors": "2.18.1",
        "keras-tuner": metadata.version("keras-tuner"),
    }


def test_a_package_that_is_loaded_tells_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest, "__version__", "0.1.dev")
    assert installed.version("pytest") == "0.1.dev"
