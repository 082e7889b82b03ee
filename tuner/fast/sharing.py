"""Lets a model use the trace of an earlier one in the same process, where their steps have the same graph."""

from keras_search.tuner.fast import acceleration, graphs
from keras_search.tuner.fast.acceleration import CallAcceleration
from keras_search.tuner.fast.steps import Batches
from keras_search.tuner.fast.wrapped_fit import FitCall


class Sharing(CallAcceleration):
    """Makes the loop of `Fit` look for a trace of the same graph (`traces.py`)."""

    name = "sharing"
    what = "a worker traces a step once for all models whose steps have the same graph"

    def why_not_to(self, call: FitCall) -> str | None:
        if not isinstance(call.x, Batches):
            return "it builds on `fit`, which is off"
        return graphs.why_not_decided(call.model)

    def change(self, call: FitCall) -> None:
        acceleration.state(call.model).shares_traces = True
