"""Traces of steps, kept in a worker for later models whose steps have the same graph.

Most of a short trial's first epoch goes into tracing, and into what TensorFlow then makes of the graph. A trace is
TensorFlow's own function; it is called with the variables of the model that is trained in place of those that it was
traced with. Trials then differ in their initial weights, in what variables hold, such as the learning rate, in some
numbers that are made variables (`constants.py`), and in their data.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import acceleration, graphs
from keras_search.tuner.fast.constants import Constants
from keras_search.tuner.keras_private import of_tensorflow

# A trace keeps the variables that it was made with.
_MOST = 8
_MOST_BYTES = 100_000_000
# After so many models, what TensorFlow has made of functions that were not kept is freed in any case.
_MOST_MODELS = 20


@dataclass(frozen=True)
class _Trace:
    """A traced loop of steps.

    Attributes:
        function: TensorFlow's function.
        places: The place of each variable that it has captured among those of its model and of its constants.
        size: How many bytes these take.
    """

    function: Any
    places: list[int]
    size: int


@dataclass
class _Cache:
    """The traces that are kept, the one used last at the end, and what TensorFlow has cached beside them.

    Attributes:
        traces: The traces by what decides their graph.
        models: How many models were trained since TensorFlow's caches were cleared.
        has_others: Whether functions were traced since then that are not kept.
    """

    traces: OrderedDict[str, _Trace] = field(default_factory=OrderedDict)
    models: int = 0
    has_others: bool = False


_cache = _Cache()


class Loop:
    """A loop over the steps of a model, which calls the trace of another model where there is one of the same graph.

    Args:
        model: The model.
        purpose: `train` or `test`.
        function: The loop as a `tf.function` of the four arguments of a call.
    """

    def __init__(self, model: keras.Model, purpose: str, function: Any) -> None:
        self._model = model
        self._purpose = purpose
        self._function = function
        self._bound: dict[str, Callable[[list[tf.Tensor]], Any] | None] = {}
        self._variables: list[tf.Variable] = []

    def __call__(self, batch: Callable[[Any, tf.Tensor], Any], source: Any, first: Any, end: Any) -> Any:
        if not acceleration.state(self._model).shares_traces:
            _cache.has_others = True
            return self._function(batch, source, first, end)
        signature = f"{self._purpose} {batch.__qualname__} {tf.nest.map_structure(_specified, source)}"
        if signature not in self._bound:
            self._bound[signature] = self._bind(signature, (batch, source, first, end))
        call = self._bound[signature]
        if call is None:
            _cache.has_others = True
            return self._function(batch, source, first, end)
        leaves = tf.nest.flatten((source, first, end), expand_composites=True)
        return call([tf.convert_to_tensor(leaf) for leaf in leaves if _is_number(leaf)])

    def _bind(self, signature: str, arguments: tuple[Any, ...]) -> Callable[[list[tf.Tensor]], Any] | None:
        """The trace for such arguments, with the variables of this model; None if it needs more than these."""
        model = self._model
        if graphs.why_not_decided(model) is not None or not model.optimizer.built:
            return None
        constants = Constants(model)
        try:
            with constants.left_out() as shared:
                key = f"{signature} {shared} {graphs.description(model)}"
        except TypeError:
            return None
        variables = [*graphs.variables(model), *constants.variables]
        self._variables += constants.variables  # a graph does not keep what it has captured
        trace = _cache.traces.get(key)
        if trace is None:
            with constants.as_variables():
                function = self._function.get_concrete_function(*arguments)
            trace = _traced(function, variables)
        if trace is None:
            return None
        _keep(key, trace)
        captures = [variables[place].handle for place in trace.places]
        return lambda tensors: of_tensorflow.call(trace.function, tensors, captures)


def forget() -> None:
    """Forgets all traces."""
    _cache.traces.clear()
    _cache.has_others = True


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Lets Keras's `clear_session`, called in the block, spare what TensorFlow has made of the traces.

    That takes as long as the tracing. It is spared only while no other functions wait to be freed.
    """
    _cache.models += 1
    if _cache.traces and not _cache.has_others and _cache.models <= _MOST_MODELS:
        with of_tensorflow.caches_kept():
            yield
    else:
        yield
        _cache.models, _cache.has_others = 0, False


def _traced(function: Any, variables: list[tf.Variable]) -> _Trace | None:
    """What is kept of a `function`; None if it has captured anything but these variables."""
    place_of = {id(variable.handle): place for place, variable in enumerate(variables)}
    places = [place_of.get(id(captured)) for captured in function.captured_inputs]
    if None in places:
        return None
    size = sum(variable.shape.num_elements() * variable.dtype.size for variable in variables)
    return _Trace(function, [place for place in places if place is not None], size)


def _keep(key: str, trace: _Trace) -> None:
    """Keeps `trace` as the one used last, and forgets those not used for longest, as far as memory asks for it."""
    traces = _cache.traces
    traces[key] = trace
    traces.move_to_end(key)
    while len(traces) > _MOST or sum(each.size for each in traces.values()) > _MOST_BYTES:
        traces.popitem(last=False)
        _cache.has_others = True


def _is_number(leaf: Any) -> bool:
    return tf.is_tensor(leaf) or hasattr(leaf, "dtype")


def _specified(leaf: Any) -> Any:
    """What a trace depends on of a part of its arguments."""
    if _is_number(leaf):
        return leaf.dtype, leaf.shape
    return tf.type_spec_from_value(leaf) if isinstance(leaf, tf.data.Iterator) else leaf
