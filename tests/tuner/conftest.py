"""What several tests of training share."""

import pytest

from keras_search.tuner import runtime

runtime.load_keras()  # before any test imports Keras, which reads the environment then


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each call of a loop of ours: empty where all was left to Keras."""
    from keras_search.tuner.fast.steps import Pass

    seen = []
    steps = Pass.steps
    monkeypatch.setattr(Pass, "steps", lambda self, loop: seen.append(1) or steps(self, loop))
    return seen
