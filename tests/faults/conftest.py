"""Everything in this folder kills, truncates or fills: `-m faults`."""

from pathlib import Path

import pytest

from tests.faults.searches import Tables, tables, undisturbed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of a search that nothing has disturbed; to be read only."""
    return undisturbed(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def expected(whole: Path) -> Tables:
    """What every disturbed search must come to."""
    return tables(whole)
