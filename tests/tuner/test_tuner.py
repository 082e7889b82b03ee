"""The tuner as a Keras Tuner user meets it, and Keras Tuner reading what it left."""

from pathlib import Path
from typing import ClassVar

import keras
import keras_tuner
import pytest

from keras_search import search_spaces
from keras_search.tuner import Tuner, oracles, seeds
from keras_search.tuner.command.overrides import narrow, sampled
from tests.tuner.small_search import Small, X, Y, run, trials, tuner

SEED_OF_EVERY_BEHAVIOUR = 1


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


@pytest.mark.slow
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


def test_a_folders_name_may_hold_glob_characters(tmp_path: Path) -> None:
    run(tmp_path / "a[b]*", max_trials=2)
    assert len(tuner(tmp_path / "a[b]*").oracle.trials) == 2


@pytest.mark.slow
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
        drawn += [oracle.own_answer(str(number))["values"]["a"] for number in range(10)]
    assert len(set(drawn)) == 50


def test_a_narrowed_space_is_what_is_sampled(tmp_path: Path) -> None:
    space = search_spaces.get("baseline_cnn")
    declared = keras_tuner.HyperParameters()
    space.declare(declared)
    narrowed = narrow(space.hyperparameters, ["filters=8:16", "dense_units=64", "dropout=0.1,0.3"])
    oracle = oracles.make("random", "val_accuracy", 30, 0, sampled(declared, narrowed))
    Tuner(space.hypermodel((28, 28, 1), 10), oracle=oracle, directory=tmp_path, project_name="run")
    points = [oracle.create_trial(str(number)).hyperparameters.values for number in range(20)]
    assert points[0] == space.baseline
    assert {point["filters"] for point in points[1:]} == {8, 12, 16}
    assert {point["dense_units"] for point in points[1:]} == {64}
    assert {point["dropout"] for point in points[1:]} == {0.1, 0.3}


def test_it_says_what_it_is_and_refuses_what_it_would_not_do(tmp_path: Path) -> None:
    assert repr(tuner(tmp_path)) == f"<Tuner {tmp_path / 'run'}: 0 of 4 trials done; objective: val_accuracy>"
    with pytest.raises(ValueError, match="workers=1"):
        tuner(tmp_path, trial_timeout=1)


class TakesMore(keras.Sequential):
    def fit(self, *args: object, epoch: int, **kwargs: object) -> keras.callbacks.History:
        return super().fit(*args, epochs=epoch, **kwargs)


def test_an_argument_that_fit_does_not_take_is_refused_before_any_trial(tmp_path: Path) -> None:
    def build(hp: keras_tuner.HyperParameters, kind: type[keras.Sequential] = keras.Sequential) -> keras.Model:
        model = kind([keras.Input(X.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(hp.Int("units", 3, 9))])
        model.compile("sgd", "mse")
        return model

    made = Tuner(build, "loss", max_trials=1, workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(ValueError, match=r"^`model.fit` takes no argument 'epoch': is it epochs\?$"):
        made.search(X, X, epoch=2, verbose=0)
    assert not list(tmp_path.rglob("trial_*"))
    taking = Tuner(lambda hp: build(hp, TakesMore), "loss", max_trials=1, workers=0, directory=tmp_path / "taking")
    taking.search(X, Y[:, None], epoch=2, verbose=0)
