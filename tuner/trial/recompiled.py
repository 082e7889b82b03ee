"""Models with another optimizer, loss or metrics than the hypermodel gives them, limited in size, or distributed."""

import contextlib
from dataclasses import dataclass
from typing import Any

import keras
import keras_tuner

from keras_search.search_spaces.custom import Wrapper


@dataclass(frozen=True)
class Compiling:
    """What a tuner's arguments change of every model, as in Keras Tuner (`keras_tuner/src/engine/tuner.py`).

    Attributes:
        optimizer, loss, metrics: Replace those that the hypermodel compiles with.
        max_model_size: The most parameters that a model may have.
        strategy: The `tf.distribute.Strategy` under which models are built and trained.
    """

    optimizer: Any = None
    loss: Any = None
    metrics: Any = None
    max_model_size: int | None = None
    strategy: Any = None

    def applied(self, hypermodel: keras_tuner.HyperModel) -> keras_tuner.HyperModel:
        """A hypermodel that gives the changed models; `hypermodel` itself if nothing is to change."""
        return hypermodel if self == Compiling() else _Recompiled(hypermodel, self)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Where models are built and trained."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def compile(self, model: keras.Model) -> None:
        """Compiles `model` as asked.

        Raises:
            keras_tuner.errors.FailedTrialError: It is too large.
        """
        if self.optimizer or self.loss or self.metrics:
            own = [metric for metric in model.metrics if metric.name not in ("loss", "compile_metric")]
            model.compile(
                optimizer=_fresh(self.optimizer) or model.optimizer,
                loss=self.loss or model.loss,
                metrics=keras.tree.map_structure(_fresh, self.metrics) if self.metrics else own,
            )
        size = model.count_params() if model.built else 0
        if self.max_model_size and size > self.max_model_size:
            raise keras_tuner.errors.FailedTrialError(
                f"the model has {size:,} parameters, more than max_model_size ({self.max_model_size:,})"
            )


class _Recompiled(Wrapper):
    def __init__(self, own: keras_tuner.HyperModel, compiling: Compiling) -> None:
        super().__init__(name=getattr(own, "name", None))
        self.own = own
        self.takes_epochs = getattr(own, "takes_epochs", False)
        self._compiling = compiling

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        self.own.declare_hyperparameters(hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        with self._compiling.scope():
            model = self.own.build(hp)
            if isinstance(model, keras.Model):
                self._compiling.compile(model)
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return self.own.fit(hp, model, *args, **kwargs)


def _fresh(part: Any) -> Any:
    """A new optimizer or metric like `part`, which belongs to the model of another trial; anything else as it is."""
    for kind, module in ((keras.optimizers.Optimizer, keras.optimizers), (keras.metrics.Metric, keras.metrics)):
        if isinstance(part, kind):
            return module.deserialize(module.serialize(part))
    return part
