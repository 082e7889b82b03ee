"""`model.fit` is wrapped once, and whatever is hung on it comes in its turn."""

from typing import Any

import keras
import numpy as np
import pytest

from keras_search.tuner.fast import wrapped_fit
from keras_search.tuner.fast.wrapped_fit import FitCall, Hook

X, Y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")


def model(kind: type[keras.Model] = keras.Sequential) -> keras.Model:
    made = kind([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def noting(name: str, seen: list[str]) -> Hook:
    def hook(call: FitCall) -> Any:
        seen.append(f"{name} begins")
        history = call.proceed()
        seen.append(f"{name} ends")
        return history

    return hook


def test_the_hook_that_was_added_last_comes_first_and_ends_last() -> None:
    seen: list[str] = []
    trained = model()
    wrapped_fit.add(trained, noting("inner", seen))
    wrapped_fit.add(trained, noting("outer", seen))
    history = trained.fit(X, Y, epochs=2, verbose=0)
    assert seen == ["outer begins", "inner begins", "inner ends", "outer ends"]
    assert len(history.history["loss"]) == 2
    wrapped_fit.unwrap(trained)
    assert "fit" not in vars(trained)


def test_a_hook_changes_what_fit_is_given() -> None:
    def longer(call: FitCall) -> Any:
        assert call.x is X
        assert call.is_keras
        assert call.asked.keys() == {"x", "y", "verbose"}
        assert not call.has("epochs")
        call.set("epochs", 3)
        call.set("unknown", 1)  # which this `fit` does not take
        return call.proceed()

    trained = model()
    wrapped_fit.add(trained, longer)
    assert len(trained.fit(X, Y, verbose=0).history["loss"]) == 3
    with pytest.raises(TypeError, match="unknown"):
        trained.fit(X, Y, unknown=1)


class HandsOn(keras.Sequential):
    def fit(self, *args: Any, **kwargs: Any) -> Any:
        return super().fit(*args, **kwargs)


def test_a_fit_that_hands_its_arguments_on_is_given_them_by_name() -> None:
    def longer(call: FitCall) -> Any:
        assert call.x is X
        assert not call.is_keras
        assert call.get("verbose") == 0
        assert call.get("epochs") is None
        call.set("epochs", 3)
        return call.proceed()

    trained = model(HandsOn)
    wrapped_fit.add(trained, longer)
    assert len(trained.fit(X, Y, verbose=0).history["loss"]) == 3


def test_a_fit_that_was_given_to_the_model_alone_is_called_and_stays() -> None:
    trained = model()
    trained.fit = own = lambda x, y: len(x)
    wrapped_fit.add(trained, noting("hook", seen := []))
    assert trained.fit(X, Y) == 8
    assert len(seen) == 2
    wrapped_fit.unwrap(trained)
    assert trained.fit is own
