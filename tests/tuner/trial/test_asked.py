"""What a trial asks for is known on disk as it asks, whatever becomes of its process."""

from pathlib import Path

import keras_tuner
import pytest

from keras_search.tuner.trial import asked


def test_each_hyperparameter_is_on_disk_once_it_is_asked_for(tmp_path: Path) -> None:
    hp, path = keras_tuner.HyperParameters(), tmp_path / "asked.json"
    with asked.noted(hp, path):
        assert asked.read(path) is None, "nothing yet"
        assert hp.Int("units", 4, 8, default=6) == 6
        assert asked.read(path).values == {"units": 6}
        with hp.conditional_scope("units", [6]):
            hp.Choice("kind", ["a", "b"])
        known = asked.read(path)
        assert known.values == {"units": 6, "kind": "a"}
        assert [hp.name for hp in known.space] == ["units", "kind"]


def test_a_trial_that_ends_leaves_nothing_of_it(tmp_path: Path) -> None:
    hp, path = keras_tuner.HyperParameters(), tmp_path / "asked.json"
    path.write_text("of a process that was killed")
    with pytest.raises(TypeError), asked.noted(hp, path):
        hp.Fixed("kind", "a") + 1
    hp.Fixed("later", 1)
    assert not path.exists()
    assert hp.values == {"kind": "a", "later": 1}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"space": 1, "values": {}}', '{"space": [1], "values": {}}'])
def test_what_was_cut_off_is_not_known(content: str, tmp_path: Path) -> None:
    (tmp_path / "asked.json").write_text(content)
    assert asked.read(tmp_path / "asked.json") is None
