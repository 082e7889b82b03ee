"""What the source of a user's own method tells of it."""

from collections.abc import Callable
from typing import Any

import pytest

from keras_search.tuner.trial import own_code


class Reads:
    def through_super(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["epochs"] = trial.hyperparameters.get("epochs")
        return self.run_trial(trial, *args, **kwargs)

    def by_the_hypermodel(self, trial: Any, x: Any, **kwargs: Any) -> Any:
        hp = trial.hyperparameters
        model = self.hypermodel.build(hp)
        model.fit(x, batch_size=hp["batch_size"], epochs=hp.values["epochs"])
        self.on_epoch_end(trial, model, 0, logs={})
        self.save_model(trial.trial_id, model)
        return self.hypermodel.fit(hp, model, x)


class Asks:
    def outright(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        return trial.hyperparameters.Int("units", 1, 2)

    def by_a_name(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        hp = trial.hyperparameters
        with hp.conditional_scope("kind", ["deep"]):
            return hp["units"]

    def elsewhere(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        return self.helper(trial)

    def with_the_hyperparameters_elsewhere(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        return make_model(trial.hyperparameters)  # noqa: F821


@pytest.mark.parametrize("method", [Reads.through_super, Reads.by_the_hypermodel])
def test_reading_hyperparameters_is_not_asking_for_them(method: Callable[..., Any]) -> None:
    assert not own_code.asks(method)


@pytest.mark.parametrize(
    "method", [Asks.outright, Asks.by_a_name, Asks.elsewhere, Asks.with_the_hyperparameters_elsewhere, len]
)
def test_what_may_ask_is_taken_to_ask(method: Callable[..., Any]) -> None:
    assert own_code.asks(method)
