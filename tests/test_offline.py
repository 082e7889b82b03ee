"""Without a network: what stands in for MNIST, and what is said."""

from pathlib import Path

import pytest

from tests.helpers import Cli


def offline(home: Path) -> dict[str, str]:
    """An environment in which Keras has nothing in its cache and can download nothing."""
    nowhere = "http://127.0.0.1:9"
    return {"KERAS_HOME": str(home), "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "https_proxy": nowhere}


@pytest.mark.slow
def test_auto_without_network_falls_back_to_digits_loudly(cli: Cli, tmp_path: Path) -> None:
    done = cli("baseline", "--seeds", "1", "--workers", "0", **offline(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "NOTE: MNIST is not in Keras's cache and could not be downloaded: using scikit-learn's digits" in done.stdout
    assert "607,394" in done.stdout
    assert "Compiled with adam, sparse_categorical_crossentropy" in done.stdout
    assert "baseline, seed 0: 1 epoch in" in done.stdout
    assert "not comparable" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_mnist_by_name_without_network_names_the_two_ways_out(cli: Cli, tmp_path: Path) -> None:
    done = cli("samples", "--dataset", "mnist", **offline(tmp_path / "home"))
    assert done.returncode == 2
    assert "path of an .npz file" in done.stderr
    assert "--dataset digits" in done.stderr
    assert len(done.stderr.splitlines()) == 1
