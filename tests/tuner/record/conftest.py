"""What several tests of records share."""

from pathlib import Path

import pytest

from tests.tuner.record.instant import searched


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that has ended."""
    folder = tmp_path_factory.mktemp("done")
    searched(folder)
    return folder
