"""Writes the whole script: data, model, training, test."""

import contextlib
import inspect
import re
import sys
import textwrap
from typing import TYPE_CHECKING

from keras_search import results, search_spaces
from keras_search.results.telling import sentences
from keras_search.results.text import one_line
from keras_search.search_spaces.origin import blamed
from keras_search.tuner import backend, runtime
from keras_search.tuner.data import datasets
from keras_search.tuner.data.datasets import Dataset
from keras_search.tuner.errors import InputError
from keras_search.tuner.evaluation import comparison
from keras_search.tuner.script import data
from keras_search.tuner.script.layout import WIDTH, call, laid_out, prefixed
from keras_search.tuner.script.literals import NoPlainCode, literal

if TYPE_CHECKING:
    import keras

    from keras_search.tuner.script.training import Fit

_IMPORTS = {  # in the order in which they are written
    "math": "import math\n",
    "sys": "import sys\n",
    "keras": "\nimport keras\n",
    "np": "import numpy as np\n",
    "layers": "from keras import layers\n",
    "load_digits": "from sklearn.datasets import load_digits\n",
}


def write(run: results.Run, run_code: bool = False) -> str:
    """The best configuration of `run` as a Python script, which trains it on all training images and tests it.

    The script needs Keras, and for digits scikit-learn. It trains with the run's seed, for as many epochs as an
    evaluation does. What the user's own search space prints goes to standard error.

    Args:
        run_code: Whether the code of the user's own search space, which `run` names, may be run.

    Raises:
        results.RunError: No trial of the run has finished.
        search_spaces.SpaceError: The run's space cannot be loaded any more, or does not work.
        InputError: The run was not made by `search`, its data cannot be loaded any more, or the best configuration
            cannot be written with Keras alone.
    """
    if run.dataset is None or "asked" not in run.info:
        raise InputError(
            f"run {str(run.path)!r} was not made by `search`: what builds its models is not recorded in it, so "
            "build the best one by your own script, from its hyperparameters"
        )
    comparison.check_code(run, run_code)
    trial = run.best
    with contextlib.redirect_stdout(sys.stderr):
        dataset = comparison.load_dataset(run)
        stored = datasets.arrays(dataset.source)
        try:
            body = _body(run, dataset, stored)
        except NoPlainCode as error:
            raise InputError(
                f"the model of trial {one_line(str(trial['trial_id']))} cannot be written with Keras alone: it "
                f"has {one_line(str(error))}"
            ) from error
    used = "".join(line for name, line in _IMPORTS.items() if re.search(rf"\b{name}\b", body))
    return f'"""{_docstring(run, dataset, stored)}\n"""\n\n{_backend()}{used.strip()}\n{body}\n'


def _backend() -> str:
    """The lines with which a script runs on the backend of this process, if it is not the usual one."""
    if backend.name() == backend.DEFAULT:
        return ""
    return f'import os\n\nos.environ["KERAS_BACKEND"] = {literal(backend.name())}  # before Keras is imported\n\n'


def _docstring(run: results.Run, dataset: Dataset, stored: data.Stored) -> str:
    trials = "1 trial" if len(run.finished) == 1 else f"{len(run.finished):,} trials"
    title = one_line(f"The best of {trials} on {dataset.name}: trial {run.best['trial_id']}.")
    more = f"In its search: {sentences.best_trial(run)}. {data.usage(dataset, stored)}"
    text = "\n".join([title, "", *textwrap.wrap(more, WIDTH)])
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _body(run: results.Run, dataset: Dataset, stored: data.Stored) -> str:
    runtime.load_keras()
    import keras

    from keras_search.tuner.script import model, training

    asked = run.info["asked"]
    values, seed = run.configuration, asked["seed"]
    few = training.few(dataset.x_train, dataset.y_train)
    with blamed(asked["space"]) if search_spaces.is_custom(asked["space"]) else contextlib.nullcontext():
        space = comparison.load_space(run, dataset, run_code=True)
        hypermodel = space.hypermodel(dataset.input_shape, dataset.num_classes)
        again = training.build(hypermodel, values, seed + 1)
        built = training.build(hypermodel, values, seed)
    if space.needs_validation_data:
        raise NoPlainCode("a `fit` of its hypermodel that needs `validation_data`")
    fit = training.fit(hypermodel, values, built, few, comparison.epochs(run))
    statements, copy = model.write(built)
    training.check(built, again, copy, few)
    policy = keras.config.dtype_policy().name
    settings = [f"keras.utils.set_random_seed({seed})"]
    if policy != "float32":
        settings.append(f"keras.config.set_dtype_policy({literal(policy)})")
    functions = [*data.functions(dataset), *([fit.schedule.func] if fit.schedule else [])]
    parts = [
        "\n".join(settings),
        data.code(dataset, stored, as_vectors=training.takes_vectors(built)),
        "\n".join(map(laid_out, statements)),
        _training(fit),
        _test(built),
    ]
    defined = "".join(f"\n\n{inspect.getsource(function)}" for function in functions)
    return (f"{defined}\n\n" if defined else "\n") + "\n\n".join(parts)


def _training(fit: "Fit") -> str:
    arguments = ["x_train", "y_train", f"batch_size={fit.batch_size}", f"epochs={fit.epochs}"]
    if fit.shuffle is not True:
        arguments.append(f"shuffle={literal(fit.shuffle)}")
    if fit.schedule is None:
        return laid_out(call("model.fit", *arguments))
    given = "".join(f", {name}={literal(value)}" for name, value in fit.schedule.keywords.items())
    schedule = f"lambda epoch: {fit.schedule.func.__name__}(epoch{given})"
    return "\n".join(
        [
            laid_out(prefixed("schedule = ", call("keras.callbacks.LearningRateScheduler", schedule))),
            laid_out(call("model.fit", *arguments, "callbacks=[schedule]")),
        ]
    )


def _test(model: "keras.Model") -> str:
    from keras_search.tuner.script.configurations import compile_config

    if compile_config(model)["metrics"] == ["accuracy"]:
        lines = ["_, accuracy = model.evaluate(x_test, y_test, verbose=0)"]
    elif model.output_shape[-1] == 1:
        lines = ["predicted = model.predict(x_test, verbose=0)[:, 0] > 0.5", "accuracy = np.mean(predicted == y_test)"]
    else:
        lines = [
            "predicted = model.predict(x_test, verbose=0).argmax(axis=-1)",
            "accuracy = np.mean(predicted == y_test)",
        ]
    return "\n".join([*lines, 'print(f"Test accuracy: {accuracy:.4f}")'])
