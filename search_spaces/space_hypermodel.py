"""A search space as a Keras Tuner HyperModel."""

from typing import Any

import keras
import keras_tuner

from keras_search.results.hyperparameter import Value
from keras_search.search_spaces.losses import SmoothedCrossentropy


class SpaceHyperModel(keras_tuner.HyperModel):
    """Builds and fits the models of a `SearchSpace`; works with any Keras Tuner tuner.

    Attributes:
        space: The `SearchSpace`; its module imports this one, hence the type `Any`.
        baseline: The values of the documented point.
        takes_epochs: `fit` accepts fewer epochs than the point has; a learning-rate schedule remains that of all.
    """

    takes_epochs = True

    def __init__(self, space: Any, input_shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__(name=space.name)
        self.space = space
        self.input_shape = input_shape
        self.num_classes = num_classes

    @property
    def baseline(self) -> dict[str, Value]:
        return self.space.baseline

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        self.space.declare(hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled model of the point `hp`."""
        self.space.declare(hp)
        return self.space.build(hp, self.input_shape, self.num_classes)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        """Calls `model.fit` with the epochs, the batch size and the callbacks of the space.

        The caller's arguments take precedence; its callbacks run after those of the space.
        """
        own = {"batch_size": hp.values.get("batch_size", self.space.batch_size), "epochs": hp["epochs"]}
        callbacks = [*self.space.callbacks(hp), *kwargs.pop("callbacks", ())]
        outcome = model.fit(*args, **own | kwargs, callbacks=callbacks)
        if isinstance(model.loss, SmoothedCrossentropy):
            # Smoothing is for training alone, and a saved model should load without this toolkit.
            model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return outcome
