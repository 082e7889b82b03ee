"""Losses that Keras does not have."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="search_spaces")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy of integer labels with label smoothing (Szegedy et al., 2016, section 7).

    Args:
        smoothing: The share of each label, in [0, 1), that is spread evenly over all classes.
    """

    def __init__(self, smoothing: float, name: str = "smoothed_crossentropy", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = keras.ops.one_hot(keras.ops.reshape(y_true, (-1,)), y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(labels, y_pred, label_smoothing=self.smoothing)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"smoothing": self.smoothing}
