"""The tuner as a Keras Tuner user meets it, and Keras Tuner reading what it left."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results, search_spaces
from keras_search.results.reading import trial_rows
from keras_search.tuner import SearchError, Tuner, oracles, seeds
from keras_search.tuner.command.overrides import narrow
from keras_search.tuner.executors.base import Executor
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
SEED_OF_EVERY_BEHAVIOUR = 1
X, Y = RNG.random((64, 4), dtype="float32"), RNG.integers(0, 2, 64)


class Small(keras_tuner.HyperModel):
    """Two classes from four numbers; `fails` makes some points raise or diverge."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 1, 64, default=7)
        behaviour = hp.Choice("behaviour", ["well", "raise", "diverge"])
        if behaviour == "raise":
            raise ValueError("no such layer")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2, "softmax")])
        rate = 1e38 if behaviour == "diverge" else 0.01
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


def tuner(folder: Path, oracle: keras_tuner.Oracle | str = "random", **arguments: object) -> Tuner:
    settings = {"max_trials": 4, "workers": 0, **arguments}
    return Tuner(Small(), oracle=oracle, directory=folder, project_name="run", **settings)


def run(folder: Path, **arguments: object) -> Tuner:
    made = tuner(folder, **arguments)
    made.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    return made


def trials(folder: Path) -> list[dict[str, object]]:
    directories = trial_rows.trial_directories(folder / "run")
    return [trial_rows.read_trial(directory) for directory in directories]


def test_the_defaults_come_first_and_failures_are_recorded(tmp_path: Path) -> None:
    done = run(tmp_path, max_trials=4, seed=SEED_OF_EVERY_BEHAVIOUR)
    rows = trials(tmp_path)
    assert len(rows) == 4
    assert (rows[0]["hp_units"], rows[0]["hp_behaviour"], rows[0]["is_baseline"]) == (7, "well", True)
    said = {"raise": "ValueError: no such layer", "diverge": "the loss became nan"}
    assert {row["hp_behaviour"] for row in rows} == {"well", *said}, "the seed should give every behaviour"
    for row in rows:
        if row["hp_behaviour"] == "well":
            assert row["status"] == "COMPLETED"
            assert row["error"] is None
        else:
            assert row["status"] == "FAILED"
            assert row["score"] is None
            assert said[row["hp_behaviour"]] in row["error"]
    best = done.get_best_hyperparameters()[0]
    assert best["behaviour"] == "well"


def of_three_numbers(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 2, 9))])
    model.compile("sgd", "mse")
    return model


def test_an_error_in_a_call_is_told_without_what_keras_puts_around_it(tmp_path: Path) -> None:
    made = Tuner(of_three_numbers, "loss", max_trials=1, workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, verbose=0)
    expected = "ValueError: Input 0 with name 'None' of layer 'dense' is incompatible with the layer: expected axis -1"
    assert trials(tmp_path)[0]["error"].startswith(expected)
    # Keras Tuner alone keeps the traceback.
    (tmp_path / "run" / "trial_0" / "record.json").unlink()
    assert trials(tmp_path)[0]["error"].startswith(expected)


class Failing(keras.layers.Layer):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def call(self, x: tf.Tensor) -> tf.Tensor:
        match self.how:
            case "key":
                raise KeyError("nowhere")
            case "silent":
                raise NotImplementedError
        return tf.nothing_like_it(x)


def of_a_failing_layer(hp: keras_tuner.HyperParameters) -> keras.Model:
    how = hp.Choice("how", ["well", "typo", "key", "silent", "too few"])
    layers = [keras.Input((4,)), *([Failing(how)] if how in ("typo", "key", "silent") else [])]
    model = keras.Sequential([*layers, keras.layers.Dense(1 if how == "too few" else 2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_an_error_is_told_by_what_it_says_at_last(tmp_path: Path) -> None:
    made = Tuner(of_a_failing_layer, "loss", 5, oracle="grid", workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, verbose=0)
    expected = {
        "well": "",
        "typo": "AttributeError: module 'tensorflow' has no attribute 'nothing_like_it'",
        "key": "KeyError: 'nowhere'",
        "silent": "NotImplementedError",
        "too few": "InvalidArgumentError: Received a label value of 1 which is outside the valid range of [0, 1).",
    }
    said = {row["hp_how"]: (row["error"] or "").split(" (/")[0] for row in trials(tmp_path)}
    assert {how: line[: len(expected[how])] for how, line in said.items()} == expected
    assert said["silent"] == expected["silent"]


class Branching(keras_tuner.HyperModel):
    """Its baseline leaves something out, names what only its own values activate, and has no use for `width`."""

    baseline: ClassVar = {"kind": "deep", "second": 5}

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        kind = hp.Choice("kind", ["flat", "wide", "deep"])
        units = []
        with hp.conditional_scope("kind", ["deep"]):
            first = hp.Int("first", 2, 1000, default=7)
        if kind == "deep":
            units = [first, hp.Int("second", 2, 9)]
        with hp.conditional_scope("kind", ["wide"]):
            hp.Boolean("wider")
        if kind == "wide":
            units = [hp.Int("width", 2, 1000, default=3)]
        hidden = [keras.layers.Dense(count) for count in units]
        model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


def test_a_partial_baseline_is_completed_with_defaults(tmp_path: Path) -> None:
    made = Tuner(Branching(), max_trials=1, workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, validation_data=(X, Y), verbose=0)
    row = trials(tmp_path)[0]
    assert (row["hp_kind"], row["hp_first"], row["hp_second"], row["hp_width"]) == ("deep", 7, 5, 3)
    assert row["is_baseline"] is True


def test_a_trial_is_the_baseline_only_if_it_is_the_first(tmp_path: Path) -> None:
    class FitAsks(keras_tuner.HyperModel):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
            model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
            return model

        def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **kwargs: object) -> object:
            return model.fit(*args, batch_size=hp.Int("batch_size", 8, 64), **kwargs)

    made = Tuner(FitAsks(), max_trials=2, workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, validation_data=(X, Y), verbose=0)
    assert [row["is_baseline"] for row in trials(tmp_path)] == [True, False]


def test_an_oracle_may_declare_what_the_hypermodel_only_asks_for(tmp_path: Path) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.get("units"))])

    hp = keras_tuner.HyperParameters()
    hp.Int("units", 3, 9, default=8)
    oracle = keras_tuner.oracles.RandomSearchOracle("val_accuracy", hyperparameters=hp)
    assert Tuner(build, oracle=oracle, directory=tmp_path, project_name="run").baseline == {"units": 8}


def shapeless(hp: keras_tuner.HyperParameters) -> keras.Model:
    """It learns of its input's shape from the first batch."""
    model = keras.Sequential([keras.layers.Dense(hp.Int("units", 1, 64, default=7)), keras.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_a_model_may_be_built_by_its_first_batch(tmp_path: Path) -> None:
    done = Tuner(shapeless, max_trials=2, workers=0, directory=tmp_path, project_name="run")
    done.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    rows = trials(tmp_path)
    assert [row["status"] for row in rows] == ["COMPLETED", "COMPLETED"], rows
    assert rows[0]["parameters"] == 4 * 7 + 7 + 7 * 2 + 2
    best = max(rows, key=lambda row: row["score"])
    again = done.get_best_models()[0].evaluate(X, Y, verbose=0, return_dict=True)
    assert again["accuracy"] == pytest.approx(best["score"])


class OwnLoop(keras_tuner.HyperModel):
    """As in Keras Tuner's guide to custom training: nothing is compiled, and callbacks hear of ends alone."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(hp.Int("units", 1, 64))(inputs)))

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        x: np.ndarray,
        y: np.ndarray,
        validation_data: tuple[np.ndarray, np.ndarray],
        callbacks: list[keras.callbacks.Callback],
    ) -> float:
        optimizer = keras.optimizers.Adam(0.01)
        loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for callback in callbacks:
            callback.set_model(model)
        losses = []
        for epoch in range(2):
            with tf.GradientTape() as tape:
                loss = loss_function(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            losses.append(float(loss_function(validation_data[1], model(validation_data[0]))))
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"own": losses[-1]})
        return min(losses)


class CompiledInFit(OwnLoop):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model.fit(*args, **kwargs)


@pytest.mark.parametrize(("hypermodel", "workers"), mostly_slow([(OwnLoop, 0), (CompiledInFit, 0), (OwnLoop, 1)], 1))
def test_build_may_leave_the_model_uncompiled(
    tmp_path: Path, hypermodel: type[keras_tuner.HyperModel], workers: int
) -> None:
    objective = keras_tuner.Objective("own" if hypermodel is OwnLoop else "val_loss", "min")
    settings = {"max_trials": 2, "workers": workers, "directory": tmp_path, "project_name": "run"}
    made = Tuner(hypermodel(), objective, pruner="median", tensorboard=True, **settings)
    made.search(X, Y, validation_data=(X, Y), verbose=0)
    assert [trial["status"] for trial in trials(tmp_path)] == ["COMPLETED"] * 2
    run = results.read(tmp_path / "run")
    best = run.epochs[run.epochs["trial_id"] == run.best["trial_id"]]
    assert best[objective.name].min() == pytest.approx(run.best["score"])
    assert list((tmp_path / "run" / "tensorboard").rglob("*tfevents*"))
    model = made.get_best_models()[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, model.predict(X, verbose=0))
    assert float(loss) == pytest.approx(run.best["score"], rel=1e-4)


def test_the_same_seed_gives_the_same_scores_and_another_seed_others(tmp_path: Path) -> None:
    points = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tmp_path / name, seed=seed)
        points[name] = [(row["hp_units"], row["hp_behaviour"], row["score"]) for row in trials(tmp_path / name)]
    assert points["a"] == points["b"]
    assert points["a"][0] != points["c"][0], "the baseline's training has the run's seed"
    assert points["a"][1:] != points["c"][1:]


def test_a_trials_seed_depends_on_its_number_not_on_how_many_there_are(tmp_path: Path) -> None:
    """Keras Tuner pads the ids with zeros to the width of `max_trials`."""
    ids = [tuner(tmp_path / str(n), max_trials=n).oracle.create_trial("tuner0").trial_id for n in (2, 1000)]
    assert ids == ["0", "0000"]
    assert len({seeds.trial_seed(0, trial_id) for trial_id in ids}) == 1
    assert len({seeds.trial_seed(0, "1"), seeds.trial_seed(0, "2"), seeds.trial_seed(1, "1")}) == 3


def test_more_trials_go_on_with_a_finished_run(tmp_path: Path) -> None:
    run(tmp_path, max_trials=2)
    before = trials(tmp_path)
    run(tmp_path, max_trials=4)
    after = trials(tmp_path)
    assert after[:2] == before
    assert len(after) == 4


@pytest.mark.slow
def test_one_oracle_serves_two_tuners_in_turn(tmp_path: Path) -> None:
    oracle = keras_tuner.oracles.RandomSearchOracle("val_accuracy", max_trials=2, seed=1)
    run(tmp_path, oracle=oracle)
    before = trials(tmp_path)
    oracle.max_trials = 3
    run(tmp_path, oracle=oracle)
    assert trials(tmp_path)[:2] == before
    assert len(trials(tmp_path)) == 3


@pytest.mark.slow
def test_keras_tuners_own_grid_is_searched_and_goes_on(tmp_path: Path) -> None:
    def asked(max_trials: int) -> list[tuple[object, object]]:
        run(tmp_path, oracle=keras_tuner.oracles.GridSearchOracle("val_accuracy", max_trials=max_trials))
        return [(row["hp_units"], row["hp_behaviour"]) for row in trials(tmp_path)]

    whole = [(7, "well"), (7, "raise"), (7, "diverge"), (1, "well"), (1, "raise")]
    assert asked(2) == whole[:2]
    assert asked(5) == whole


def test_a_forgotten_validation_set_is_said_so(tmp_path: Path) -> None:
    tuner(tmp_path, max_trials=1).search(X, Y, verbose=0)
    assert "the objective val_accuracy is not among the metrics accuracy, loss" in trials(tmp_path)[0]["error"]


def test_a_folders_name_may_hold_glob_characters(tmp_path: Path) -> None:
    run(tmp_path / "a[b]*", max_trials=2)
    assert len(tuner(tmp_path / "a[b]*").oracle.trials) == 2


class Stop(keras.callbacks.Callback):
    """Stops the second epoch that it sees, in whichever trial."""

    epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.epochs += 1
        self.model.stop_training = self.epochs >= 2


def test_callbacks_are_fresh_in_every_trial(tmp_path: Path) -> None:
    made = tuner(tmp_path, max_trials=2, seed=2, executions_per_trial=2)
    callbacks = [Stop(), keras.callbacks.TensorBoard(tmp_path / "board")]
    made.search(X, Y, epochs=5, validation_data=(X, Y), callbacks=callbacks, verbose=0)
    assert [row["epochs_run"] for row in trials(tmp_path)] == [2, 2]
    # Where Keras Tuner has them, with the point for the HParams dashboard.
    folders = {path.parent.relative_to(tmp_path / "board").as_posix() for path in tmp_path.rglob("*.tfevents.*")}
    parts = ("", "/train", "/validation")
    assert folders == {f"{trial}/execution{number}{part}" for trial in "01" for number in (0, 1) for part in parts}


def test_executions_are_averaged_and_each_is_in_the_curves(tmp_path: Path) -> None:
    run(tmp_path, max_trials=1, executions_per_trial=2)
    row = trials(tmp_path)[0]
    curves = trial_rows.read_epochs(tmp_path / "run" / "trial_0")
    assert [(line["execution"], line["epoch"]) for line in curves] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    best = [max(line["val_accuracy"] for line in curves if line["execution"] == number) for number in (0, 1)]
    assert row["score"] == pytest.approx(sum(best) / 2)
    assert row["epochs_run"] == 2
    assert curves[0]["loss"] != curves[2]["loss"], "executions must not share a seed"


def test_a_search_in_which_everything_fails_alike_stops_early(tmp_path: Path) -> None:
    class NoFit(Small):
        def fit(self, hp: keras_tuner.HyperParameters, *args: object, **kwargs: object) -> None:
            raise ValueError(f"no such column: {hp['units']}")

    broken = Tuner(NoFit(), workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(SearchError, match="every trial failed the same way: ValueError: no such column: 7"):
        broken.search(X, Y, validation_data=(X, Y), verbose=0)
    assert len(trials(tmp_path)) == 3


class Slow(Executor):
    """Of three calls at once the first ends last."""

    slots = 3
    shares_memory = True
    is_local = True

    def __init__(self) -> None:
        self.others = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        if args[0].is_baseline:
            self.end_baseline = lambda: future.set_result(fn(*args, **kwargs))
            return future
        future.set_result(fn(*args, **kwargs))
        self.others += 1
        if self.others == 4:
            threading.Timer(2, self.end_baseline).start()
        return future


@pytest.mark.parametrize("is_good", mostly_slow([True, False], 1))
def test_what_runs_is_waited_for_before_all_is_given_up(
    is_good: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class FailsBut(keras_tuner.HyperModel):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

        def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
            hp.Int("number", 0, 6)

        def fit(self, hp: keras_tuner.HyperParameters, *args: object, **kwargs: object) -> float:
            if (hp["number"] == 0 and is_good) or hp["number"] > 4:
                return 1.0
            raise ValueError("no such number")

    made = Tuner(
        FailsBut(), None, 7, oracle="grid", executor=Slow(), directory=tmp_path, project_name="run", keep_weights=0
    )
    if is_good:
        made.search()
        status = [row["status"] for row in trials(tmp_path)]
        assert (status[0], len(status)) == ("COMPLETED", 7)
    else:
        with pytest.raises(SearchError, match="every trial failed the same way: ValueError: no such number"):
            made.search()
        ended = [row["trial_id"] for row in trials(tmp_path) if row["status"] == "FAILED"]
        assert ended == ["0", "1", "2", "3", "4"], "the first one has not been waited for, or others were begun"
    assert capsys.readouterr().out.count("no other begins before those that run have ended") == 1


class ReturnsNothing(Small):
    def fit(self, *args: object, **kwargs: object) -> None:
        pass


def not_a_model(hp: keras_tuner.HyperParameters) -> str:
    return "model"


@pytest.mark.parametrize(
    ("hypermodel", "said"),
    [
        (ReturnsNothing(), r"FatalTypeError: The return value of HyperModel\.fit\(\) is None"),
        (not_a_model, "FatalTypeError: the hypermodel must return a Keras model, it returned 'model' of str"),
    ],
)
def test_a_hypermodel_that_can_never_work_ends_the_search(tmp_path: Path, hypermodel: object, said: str) -> None:
    broken = Tuner(hypermodel, workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(SearchError, match=f"^trial 00 shows that no trial can work: {said}[^\n]*$"):
        broken.search(X, Y, validation_data=(X, Y), verbose=0)
    [row] = trials(tmp_path)
    assert row["status"] == "FAILED"
    assert row["error"] in (tmp_path / "run" / "summary.csv").read_text()


def test_keras_tuner_reloads_the_run(tmp_path: Path) -> None:
    ours = run(tmp_path)
    theirs = keras_tuner.RandomSearch(
        Small(), objective="val_accuracy", max_trials=4, directory=tmp_path, project_name="run", overwrite=False
    )
    assert theirs.oracle.trials.keys() == ours.oracle.trials.keys()
    for trial_id, trial in ours.oracle.trials.items():
        assert theirs.oracle.trials[trial_id].get_state() == trial.get_state()
    assert theirs.remaining_trials == 0


def test_seeds_give_points_that_are_not_shifted_copies() -> None:
    """In Keras Tuner itself, seeds 0 and 2 of a space of two hyperparameters give the same points, one trial apart."""
    drawn = []
    for seed in range(5):
        hp = keras_tuner.HyperParameters()
        hp.Float("a", 0, 1)
        hp.Float("b", 0, 1)
        oracle = oracles.make("random", "val_accuracy", 10, seed, hp)
        drawn += [oracle.populate_space(str(number))["values"]["a"] for number in range(10)]
    assert len(set(drawn)) == 50


def test_a_narrowed_space_is_what_is_sampled(tmp_path: Path) -> None:
    space = search_spaces.get("baseline_cnn")
    declared = keras_tuner.HyperParameters()
    space.declare(declared)
    narrowed = narrow(space.hyperparameters, ["filters=8:16", "dense_units=64", "dropout=0.1,0.3"])
    oracle = oracles.make("random", "val_accuracy", 30, 0, oracles.sampled(declared, narrowed))
    Tuner(search_spaces.hypermodel(space, (28, 28, 1), 10), oracle=oracle, directory=tmp_path, project_name="run")
    points = [oracle.create_trial(str(number)).hyperparameters.values for number in range(20)]
    assert points[0] == space.baseline
    assert {point["filters"] for point in points[1:]} == {8, 12, 16}
    assert {point["dense_units"] for point in points[1:]} == {64}
    assert {point["dropout"] for point in points[1:]} == {0.1, 0.3}


@pytest.mark.faults
@pytest.mark.parametrize("stale", ["oracle_before_creation", "oracle_before_end"])
def test_a_kill_between_two_files_loses_no_trial_and_runs_none_twice(tmp_path: Path, stale: str) -> None:
    """The trial's file and the oracle's are written one after the other; a kill can fall in between."""
    folder = tmp_path / "run"
    run(tmp_path, max_trials=2)
    old = (folder / "oracle.json").read_bytes()
    if stale == "oracle_before_creation":
        made = tuner(tmp_path, max_trials=4)
        trial = made.oracle.create_trial("tuner0")
        (folder / "oracle.json").write_bytes(old)
        expected_first = trial.trial_id
    else:
        made = tuner(tmp_path, max_trials=3)
        made.oracle.create_trial("tuner0")
        begun = (folder / "oracle.json").read_bytes()
        run(tmp_path, max_trials=3)
        (folder / "oracle.json").write_bytes(begun)
        expected_first = "3"
    resumed = tuner(tmp_path, max_trials=4)
    assert resumed.oracle.create_trial("tuner0").trial_id == expected_first


@pytest.mark.faults
@pytest.mark.parametrize("lost", ["folder", "folder and oracle"])
def test_a_trial_that_is_lost_takes_no_other_ones_place(tmp_path: Path, lost: str) -> None:
    run(tmp_path, max_trials=4)
    before = trials(tmp_path)
    folder = tmp_path / "run"
    shutil.rmtree(folder / "trial_1")
    state = json.loads((folder / "oracle.json").read_text())
    del state["points"]  # as in a run of an older version
    (folder / "oracle.json").write_text("" if lost == "folder and oracle" else json.dumps(state))
    kept = [(folder / f"trial_{number}" / "record.json").read_text() for number in (0, 2, 3)]
    run(tmp_path, max_trials=4)
    assert [(folder / f"trial_{number}" / "record.json").read_text() for number in (0, 2, 3)] == kept
    points = [{name: cell for name, cell in row.items() if name.startswith("hp_")} for row in before]
    found = [{name: cell for name, cell in row.items() if name.startswith("hp_")} for row in trials(tmp_path)]
    assert found == points


@pytest.mark.slow
def test_a_time_budget_ends_the_search_and_more_trials_go_on(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    stopped = tuner(tmp_path, max_trials=1000, time_budget=4.0)
    stopped.search(X, Y, epochs=1, validation_data=(X, Y))
    done = len(trials(tmp_path))
    assert 1 <= done < 1000
    assert "stopping (the time budget is used up)" in capsys.readouterr().out
    run(tmp_path, max_trials=done + 1)
    assert len(trials(tmp_path)) == done + 1


def test_it_says_what_it_is_and_refuses_what_it_would_not_do(tmp_path: Path) -> None:
    assert repr(tuner(tmp_path)) == f"<Tuner {tmp_path / 'run'}: 0 of 4 trials done; objective: val_accuracy>"

    for name in ("run_trial", "_build_and_fit_model"):
        own = type("Own", (Tuner,), {name: lambda self, trial, *args, **kwargs: None})
        with pytest.raises(TypeError, match=f"^`{name}` of one's own is never called: [^\n]*`fit`[^\n]*$"):
            own(Small(), directory=tmp_path, project_name="own")
    with pytest.raises(ValueError, match="workers=1"):
        tuner(tmp_path, trial_timeout=1)
    assert not (tmp_path / "own").exists()


def test_hooks_of_a_subclass_that_are_never_called_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    class Logs(Tuner):
        def on_trial_end(self, trial: object) -> None: ...

        def on_epoch_end(self, *args: object, **kwargs: object) -> None: ...

    Tuner(Small(), directory=tmp_path, project_name="plain")
    assert capsys.readouterr().out == ""
    Logs(Small(), directory=tmp_path, project_name="logs")
    assert capsys.readouterr().out == (
        "on_epoch_end and on_trial_end of Logs are never called, trials may run in other processes: give search a "
        "Keras callback\n"
    )
