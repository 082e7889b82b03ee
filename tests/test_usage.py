"""The command line in this process: its exit codes, how it names options, and the commands that it prints."""

import inspect
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results, search_spaces
from keras_search.commands import app as cli
from keras_search.commands import shared
from keras_search.results import plots
from keras_search.results.export import formats, optuna_study
from keras_search.results.reading import runs
from keras_search.results.text import command
from keras_search.tuner import InputError, objectives
from keras_search.tuner.command import durations, overrides
from keras_search.tuner.data import datasets, pictures
from keras_search.tuner.evaluation import comparison as evaluation
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.workers import check_threads, check_workers
from keras_search.tuner.search import stop
from tests.helpers import tree
from tests.results.made_run import make_run, random_trials

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs the command line in an empty folder; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["cli.py"])
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.app(list(arguments))
        return ended.value.code or 0, *capsys.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


FAILS = """
import keras, keras_tuner

class Fails(keras_tuner.HyperModel):
    def build(self, hp):
        hp.Choice("kind", ["one", "two", "three"])
        model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, *args, **kwargs):
        if hp["kind"] != GOOD:
            raise RuntimeError(f"no {hp['kind']}")
        return model.fit(*args, **kwargs)
"""
SEARCH = ["search", "--dataset", "digits", "--train-samples", "100", "--workers", "0", "--oracle", "grid"]


def space(folder: Path, good: str | None) -> list[str]:
    (folder / "fails.py").write_text(FAILS.replace("GOOD", repr(good)))
    return ["--space", "fails.py:Fails", "--trials", "3"]


def test_the_version_is_that_of_the_toolkit_and_of_what_it_stands_on(run: Run) -> None:
    code, printed, error = run("--version")
    assert (code, error) == (0, "")
    assert printed == (
        f"keras-search {metadata.version('keras-search-toolkit')} (Keras {keras.__version__}, "
        f"Keras Tuner {keras_tuner.__version__}, TensorFlow {tf.__version__})\n"
    )


def test_a_search_of_which_no_trial_finished_exits_1(run: Run, tmp_path: Path) -> None:
    search = [*SEARCH, *space(tmp_path, good=None), "--run", "failed"]
    said = "Error: no trial has finished: 3 trials failed, the first with RuntimeError: no one ("
    way_out = ", line 13); mend that, and search anew with --overwrite\n"
    for _ in range(2):  # it is so again where there is nothing more to do
        code, _, error = run(*search)
        assert (code, error.count("\n")) == (1, 1)
        assert error.startswith(said)
        assert error.endswith(way_out)
    code, _, error = run("best", "--run", "failed")
    assert (code, error.count("\n")) == (2, 1)
    assert error.startswith("Error: run 'runs/failed' has no finished trial yet: 3 trials failed, the first with Run")
    assert error.endswith(", line 13); mend that, and search anew\n")


@pytest.mark.slow
def test_a_search_of_which_one_trial_finished_exits_0(run: Run, tmp_path: Path) -> None:
    name = "it's two; words"
    code, printed, error = run(*SEARCH, *space(tmp_path, good="two"), "--run", name, "--tensorboard")
    assert (code, error) == (0, "")
    said = dict(line.split(": ", 1) for line in printed.splitlines() if line.startswith(("Next", "TensorBoard")))
    assert shlex.split(said["Next"]) == ["python", "cli.py", "best", "--run", name, "--evaluate", "--run-code"]
    assert shlex.split(said["TensorBoard"]) == ["tensorboard", "--logdir", f"runs/{name}"]


def test_a_search_whose_time_is_over_before_a_trial_begins_exits_1(run: Run) -> None:
    code, _, error = run(*SEARCH, "--time-budget", "0.000001s")
    assert (code, error.splitlines()) == (
        1,
        ["Error: no trial was begun before the time budget was used up: the same command with a longer one goes on"],
    )


@pytest.mark.slow
def test_a_search_whose_time_is_over_before_an_epoch_ends_exits_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "_LATE_S", 0.1)
    (tmp_path / "fails.py").write_text(FAILS.replace("if hp", "import time; time.sleep(60)\n        if hp"))
    asked = *SEARCH, "--space", "fails.py:Fails", "--trials", "3", "--time-budget", "2s"
    code, printed, error = run(*asked)
    assert (code, error) == (1, "Error: no trial has finished in the time: the same command goes on\n")
    assert "1 trial cut off, as the time is used up: 0 to go on after the last finished epoch when " in printed


@pytest.mark.slow
def test_a_random_search_says_what_more_trials_may_gain(run: Run) -> None:
    few = "--dataset", "digits", "--train-samples", "100", "--workers", "0", "--trials", "10", "--set", "epochs=1"
    said = re.compile(
        r"10 more trials \(about [\d.]+ s\) would find a better one with a chance of at most 50%"
        r"(, better by [\d.e-]+ or less \(80% sure\))?\."
    )
    for arguments in (("search", *few), ("results",)):
        code, printed, _ = run(*arguments)
        assert code == 0
        assert said.search(" ".join(printed.split()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--overwrite", "yes"], "--overwrite takes no value, and was given 'yes': write --overwrite alone"),
        (["search", "--overwrite=true"], "--overwrite takes no value, and was given 'true'"),
        (["search", "--tensorboard="], "--tensorboard takes no value, and was given ''"),
        (["best", "--evaluate", "1"], "--evaluate takes no value, and was given '1'"),
        (["best", "--code=no"], "--code takes no value, and was given 'no'"),
        (["serch"], "no such command 'serch'"),
        (["search", "--trails", "3"], "no such option: --trails"),
        (["search", "--trials", "many"], "invalid value for '--trials': 'many' is not a "),
        (["best", "--seeds", "1.5"], "invalid value for '--seeds': '1.5' is not a "),
        (["search", "more"], "got unexpected extra argument"),
        (["predict"], "missing argument 'IMAGE'"),
    ],
)
def test_misuse_is_told_in_one_line(run: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    code, printed, error = run(*arguments)
    assert (code, printed) == (2, "")
    assert error.startswith(f"Error: {said}")
    assert error.count("\n") == 1
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "flags"),
    [("", ["--help"]), ("search", ["--overwrite", "--tensorboard"]), ("best", ["--evaluate", "--code"])],
)
def test_a_flag_is_shown_without_a_value(
    name: str, flags: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    code, printed, _ = run(*name.split(), "--help")
    assert code == 0
    assert "<bool>" not in printed
    for flag in flags:
        assert f"{flag}  " in printed


REFUSALS: dict[str, Callable[[], object]] = {
    "workers": lambda: check_workers("many"),
    "trials_per_gpu": lambda: check_workers("auto", 0),
    "threads": lambda: check_threads(0, has_workers=True),
    "scheduler": lambda: choice.make("auto", scheduler="nowhere"),
    "time_budget": lambda: durations.parse("time_budget", "soon"),
    "objective": lambda: objectives.parse("glory:most"),
    "overrides": lambda: overrides.narrow(search_spaces.get("baseline_cnn").hyperparameters, ["filters"]),
    "samples": lambda: datasets.split(datasets.load("digits"), 0, 1),
    "seeds": lambda: evaluation.check_seeds(0),
    "saw": lambda: pictures.check_folder(Path(__file__)),
    "kinds": lambda: plots.check_kinds(["pie"]),
    "path": lambda: plots.check_file(Path("x.nope")),
    "csv": lambda: formats.check("csv", Path("/")),
    "url": lambda: optuna_study._address("nowhere"),
}
OPTIONS = {"overrides": "--set", "samples": "--train-samples", "kinds": "--kind", "path": "--out", "url": "--optuna"}


@pytest.mark.parametrize("parameter", REFUSALS)
def test_an_error_names_the_parameter_and_on_the_command_line_the_option(
    parameter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((InputError, results.RunError)) as refusal:
        REFUSALS[parameter]()
    assert str(refusal.value).startswith(f"{parameter} ") or str(refusal.value).startswith(f"{parameter}: ")
    assert "--" not in str(refusal.value)
    with pytest.raises(Exception, match="2"), shared.errors():
        raise refusal.value
    option = OPTIONS.get(parameter, f"--{parameter.replace('_', '-')}")
    assert capsys.readouterr().err.startswith(f"Error: {option}")


def test_every_option_that_an_error_may_name_is_there() -> None:
    """What `Tuner` calls its parameters is known to `search` under another name, or the same."""
    from keras_search.tuner.tuner import Tuner

    asked = set(inspect.signature(Tuner).parameters)
    for name in (
        "workers",
        "trials_per_gpu",
        "threads",
        "keep_weights",
        "max_trials",
        "project_name",
        "seed",
        "trial_timeout",
    ):
        assert name in asked
    commands = {entry.name: entry.callback for entry in cli.app.registered_commands}
    parameters = {name: set(inspect.signature(callback).parameters) for name, callback in commands.items()}
    shown = {"--set": "overrides", "--kind": "kinds"}
    for name, option in shared._OPTIONS.items():
        own = shown.get(option, option.removeprefix("--").replace("-", "_"))
        assert any(own in there for there in parameters.values()), name
    assert shared.option("overwrite=True") == "--overwrite"


def test_the_next_command_names_a_run_that_looks_like_an_option(run: Run, tmp_path: Path) -> None:
    code, printed, _ = run(*SEARCH, *space(tmp_path, good="one"), "--run", "-x")
    assert code == 0
    assert "\nNext: python cli.py best --run=-x --evaluate --run-code\n" in printed
    assert run("best", "--run=-x")[0] == 0
    assert runs.find("-x") == Path("runs/-x")


def test_a_file_is_not_asked_for_in_two_formats(run: Run, tmp_path: Path) -> None:
    made = make_run(tmp_path / "made", random_trials(2)).path
    code, printed, error = run("results", str(made), "--csv", "out", "--json", "./out")
    assert (code, printed, error) == (2, "", "Error: --json 'out' is the file of --csv too: give each its own\n")
    assert not Path("out").exists()


def test_paths_and_commands_stay_whole_on_a_narrow_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    made = make_run(tmp_path / "a run", random_trials(3)).path
    _, printed, _ = run("plot", str(made), "--kind", "history")
    assert f"Written: {made}/plots/history.png, .svg\n" in printed
    _, printed, _ = run("report", str(made))
    assert f"`{command('python', 'cli.py', 'best', '--run', made, '--evaluate')}`" in printed
    assert f"Written: {made}/report.html\n" in printed
    assert "Left out confusion and mistakes: " in printed
    _, printed, _ = run("results", str(made), "--csv", str(tmp_path / "trials of it.csv"))
    assert f"Written: {tmp_path}/trials of it.csv\n" in printed
    _, printed, _ = run("spaces")
    names = [hp.name for space in search_spaces.SPACES.values() for hp in space.hyperparameters]
    assert set(names) <= set(printed.split())


def test_what_a_report_leaves_out_is_told(run: Run, tmp_path: Path) -> None:
    made = make_run(tmp_path / "made", random_trials(2)).path
    (made / "evaluation.json").write_text("[" * 1000)
    code, _, error = run("report", str(made), "--out", "made.html")
    assert (code, error) == (0, "Warning: evaluation.json is cut off or damaged: the run counts as not evaluated\n")


def test_the_name_of_a_data_file_does_not_turn_the_line_around(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "a\u202eb.npz", **arrays)
    assert datasets.load(str(tmp_path / "a\u202eb.npz")).describe().startswith("a\\u202eb: 60 training and ")
