"""The main job through the command line: search, best, baseline, results, samples, spaces."""

import csv
import json
import math
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scipy import stats

from keras_search.tuner import backend
from tests.helpers import ROOT, SEARCH, Cli, kill_cli, mostly_slow, refused, run_cli


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def scores(path: Path) -> list[tuple[str, ...]]:
    """What must be the same when a search is repeated: all but the times."""
    timed = ("duration_s", "started_at", "ended_at")
    return [tuple(value for name, value in row.items() if name not in timed) for row in rows(path)]


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-X", "importtime", str(ROOT / "cli.py"), "--help"], capture_output=True)
    took = time.monotonic() - began
    assert done.returncode == 0
    assert b"search" in done.stdout
    loaded = {line.split(b"|")[-1].strip().split(b".")[0] for line in done.stderr.splitlines()}
    heavy = {b"tensorflow", b"keras", b"keras_tuner", b"numpy", b"pandas", b"matplotlib", b"scipy", b"sklearn"}
    assert not loaded & heavy
    assert took < 5  # 0.3 s on a quiet machine; importing TensorFlow alone takes longer than this


@pytest.mark.parametrize(
    "arguments",
    mostly_slow(
        [["report"], ["results"], ["spaces"], ["plot", "--kind", "history"], ["export", "--optuna", "sqlite:///s.db"]],
        2,
    ),
)
def test_commands_that_only_read_do_not_load_keras(
    arguments: list[str], searched: tuple[Path, str], tmp_path: Path
) -> None:
    script = f"import sys; sys.argv = ['cli.py', *{arguments!r}]; sys.path.insert(0, {str(ROOT)!r})\n"
    script += "from keras_search.commands import app as cli\n"
    script += "try: cli.app()\nfinally: assert not {'tensorflow', 'keras', 'keras_tuner'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=searched[0], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_spaces_shows_ranges_and_baseline(cli: Cli) -> None:
    shown = [" ".join(line.split()) for line in cli("spaces").stdout.splitlines()]
    assert "filters Int 4..64 step 4 28" in shown
    assert "dense_units Int 32..512 step 32 128" in shown
    assert "dropout Float 0..0.5 step 0.1 0.2" in shown  # declared to 0.6, which Keras Tuner never draws
    assert "epochs Int 1..10 1" in shown


def test_search_prints_every_trial_and_the_best(searched: tuple[Path, str]) -> None:
    _, printed = searched
    for number in (1, 2, 3):
        assert f"[{number}/3] trial {number - 1} | val_accuracy 0." in printed
    assert "search of 3 trials in this process, kept in runs/digits-baseline_cnn-random-seed0" in printed
    assert "(baseline)" in printed
    assert "left" in printed
    assert "The best of 3 trials" in printed
    assert "The baseline is number" in printed
    assert "summary.csv" in printed


def test_summary_has_the_columns_and_the_baseline_first(run_directory: Path) -> None:
    table = rows(run_directory / "summary.csv")
    assert list(table[0]) == [
        "trial_id", "status", "is_baseline", "score", "val_accuracy", "val_loss", "accuracy", "loss", "best_epoch",
        "epochs_run", "pruned", "paused", "parameters", "duration_s", "started_at", "ended_at", "seed", "error",
        "hp_filters", "hp_dense_units", "hp_dropout", "hp_epochs",
    ]  # fmt: skip
    assert [row["trial_id"] for row in table] == ["0", "1", "2"]
    assert [row["is_baseline"] for row in table] == ["True", "False", "False"]
    assert [table[0][f"hp_{name}"] for name in ("filters", "dense_units", "dropout", "epochs")] == [
        "28",
        "128",
        "0.2",
        "1",
    ]
    assert {row["status"] for row in table} == {"COMPLETED"}
    assert table[0]["parameters"] == "607394"
    assert all(row["hp_epochs"] in ("1", "2") for row in table)


def test_a_trials_figures_are_those_of_its_best_epoch(run_directory: Path) -> None:
    epochs = rows(run_directory / "epochs.csv")
    for row in rows(run_directory / "summary.csv"):
        curve = [epoch for epoch in epochs if epoch["trial_id"] == row["trial_id"]]
        assert [epoch["epoch"] for epoch in curve] == [str(number + 1) for number in range(int(row["epochs_run"]))]
        best = max(curve, key=lambda epoch: float(epoch["val_accuracy"]))
        assert row["best_epoch"] == best["epoch"]
        assert row["score"] == row["val_accuracy"]
        for name in ("val_accuracy", "val_loss", "accuracy", "loss"):
            assert float(row[name]) == float(best[name])


def test_search_writes_the_learning_curves_for_tensorboard(searched: tuple[Path, str], run_directory: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert f"TensorBoard: tensorboard --logdir runs/{run_directory.name}\n" in searched[1]
    epochs = rows(run_directory / "epochs.csv")
    for trial_id in ("0", "1", "2"):
        curve = run_directory / "tensorboard" / trial_id / "execution0" / "validation"
        events = EventAccumulator(str(curve)).Reload().Tensors("accuracy")
        shown = {event.step: event.tensor_proto.float_val[0] for event in events}
        expected = {int(row["epoch"]): float(row["val_accuracy"]) for row in epochs if row["trial_id"] == trial_id}
        assert shown == pytest.approx(expected)


@pytest.mark.skipif(backend.name() != backend.DEFAULT, reason="Keras is faster here on TensorFlow alone")
def test_search_explains_what_made_it_fast(searched: tuple[Path, str], run_directory: Path) -> None:
    told = [json.loads((run_directory / f"trial_{number}" / "record.json").read_text()) for number in range(3)]
    assert all(record["accelerations"]["adam"] is True for record in told)
    table = {line.split()[0]: " ".join(line.split()[1:]) for line in searched[1].splitlines() if " of 3 " in f"{line} "}
    assert {"adam": "3 of 3", "dense": "3 of 3", "fit": "3 of 3"}.items() <= table.items()
    assert table["batch_norm"].startswith("0 of 3 the model has no BatchNormalization")


@pytest.mark.faults
def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(run_directory: Path, tmp_path: Path) -> None:
    begun = [argument for argument in SEARCH if argument != "--tensorboard"]  # it may be asked for later
    kill_cli(*begun, after="[1/3]", cwd=tmp_path)
    interrupted = tmp_path / "runs" / run_directory.name
    assert len(rows(interrupted / "summary.csv")) == 1
    first = (interrupted / "trial_0" / "record.json").read_text()

    done = run_cli(*SEARCH, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "going on: 1 of 3 trials are done" in done.stdout
    assert (interrupted / "trial_0" / "record.json").read_text() == first, "a finished trial was run again"
    assert scores(interrupted / "summary.csv") == scores(run_directory / "summary.csv")
    assert sorted(path.name for path in (interrupted / "tensorboard").glob("*/")) == ["1", "2"]

    again = run_cli(*SEARCH, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "all 3 trials are done" in again.stdout
    assert scores(interrupted / "summary.csv") == scores(run_directory / "summary.csv")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


@pytest.mark.faults
def test_ctrl_c_stops_at_once_with_the_tables_written(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "cli.py"), *SEARCH, "--workers", "1", "--run", "stopped"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("[1/3]"):
            wait_for(tmp_path / "runs" / "stopped" / "trial_1" / "record.json")
            process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert any(line.startswith("stopped: 1 of 3 trials are done") for line in printed)
    assert any(line.startswith("The best of 1 trial") for line in printed)
    assert process.stderr.read() == "Stopped: the same command goes on.\n"
    table = rows(tmp_path / "runs" / "stopped" / "summary.csv")
    assert [row["status"] for row in table][:2] == ["COMPLETED", "RUNNING"]


def test_a_run_made_with_other_options_is_refused(searched: tuple[Path, str]) -> None:
    folder, _ = searched
    other = [argument if argument != "600" else "700" for argument in SEARCH]
    done = run_cli(*other, cwd=folder)
    assert done.returncode == 2
    assert "train_samples was 600 and is now 700" in done.stderr
    assert "--overwrite" in done.stderr


def test_overwrite_spares_a_folder_that_is_no_run(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("precious")
    done = cli("search", "--dataset", "digits", "--run", "./thesis", "--overwrite")
    assert done.returncode == 2
    assert "holds other things than a run" in done.stderr
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "precious"


def test_results_sorts_cuts_and_exports(searched: tuple[Path, str], run_directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = run_cli("results", run_directory, "--sort", "hp_filters", "--top", "2", "--csv", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = rows(run_directory / "summary.csv")
    expected = sorted(table, key=lambda row: int(row["hp_filters"]))[:2]
    assert [row["trial_id"] for row in rows(out)] == [row["trial_id"] for row in expected]
    assert list(rows(out)[0]) == list(table[0])
    best_first = run_cli("results", cwd=searched[0])
    shown = [line.split()[0] for line in best_first.stdout.splitlines() if "filters=" in line]
    assert shown == [row["trial_id"] for row in sorted(table, key=lambda row: -float(row["score"]))]


def test_best_evaluates_honestly(searched: tuple[Path, str], run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "runs" / "copy")
    done = run_cli("best", "--run", "copy", "--evaluate", "--seeds", "2", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "copy"
    trainings = rows(run / "evaluation.csv")
    assert list(trainings[0]) == ["model", "seed", "epochs", "test_accuracy", "test_loss", "train_s"]
    assert [(row["model"], row["seed"]) for row in trainings] == [
        ("baseline", "0"),
        ("baseline", "1"),
        ("best", "0"),
        ("best", "1"),
    ]
    accuracy = {
        name: [float(row["test_accuracy"]) for row in trainings if row["model"] == name]
        for name in ("baseline", "best")
    }
    evaluation = json.loads((run / "evaluation.json").read_text())
    verdict = evaluation["verdict"]
    for name, values in accuracy.items():
        mean, half = statistics.mean(values), stats.t.ppf(0.975, 1) * statistics.stdev(values) / math.sqrt(2)
        assert verdict[name]["mean"] == pytest.approx(mean)
        assert verdict[name]["low"] == pytest.approx(max(0, mean - half))
        assert verdict[name]["high"] == pytest.approx(min(1, mean + half))
        assert f"{100 * mean:.2f}%" in done.stdout
    welch = stats.ttest_ind(accuracy["best"], accuracy["baseline"], equal_var=False).confidence_interval(0.95)
    assert verdict["difference"]["low"] == pytest.approx(welch.low)
    assert verdict["significant"] == (not welch.low <= 0 <= welch.high)
    assert f"{100 * verdict['difference']['mean']:+.2f} points" in done.stdout
    assert evaluation["reloaded_accuracy"] == accuracy["best"][0]
    best = max(rows(run / "summary.csv"), key=lambda row: float(row["score"]))
    assert evaluation["hyperparameters"]["filters"] == int(best["hp_filters"])
    assert "not comparable" in done.stdout
    assert "11.35" not in done.stdout
    assert verdict["documented"] is None

    import keras

    assert keras.models.load_model(run / "best_model.keras").count_params() == int(best["parameters"])


def test_best_confirms_the_best_and_shows_the_chosen(run_directory: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "copy"
    shutil.copytree(run_directory, run)
    done = run_cli("best", "--run", "copy", "--confirm", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = rows(run / "confirmation" / "summary.csv")
    every = {row["trial_id"]: [float(row["score"])] for row in rows(run / "summary.csv")}
    for row in again:
        every[row["tuner/confirms"]].append(float(row["score"]))
    assert [len(scores) for scores in every.values()] == [3, 3, 3]
    chosen = max(every, key=lambda trial: statistics.mean(every[trial]))
    assert f"digits: trial {chosen}\n" in done.stdout
    told = f"Of the best 3 by one score, trial {chosen} is the best when 2 more seeds count: "
    assert told in done.stdout
    assert "the best 3 trials are trained once more, each on 2 fresh seeds: 6 trainings, about " in done.stdout
    for command in (["results", "copy"], ["best", "--run", "copy"]):
        assert told in run_cli(*command, cwd=tmp_path).stdout
    assert "by further seeds" in (run_cli("report", "copy", cwd=tmp_path) and run / "report.html").read_text()

    repeated = run_cli(*SEARCH, "--run", "copy", "--confirm", cwd=tmp_path)
    assert "all 3 trials are done already" in repeated.stdout
    assert told in repeated.stdout
    assert rows(run / "confirmation" / "summary.csv") == again, "nothing is trained twice"


def test_what_cannot_be_confirmed_is_refused(run_directory: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "copy"
    shutil.copytree(run_directory, run)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"asked": record["asked"] | {"dataset": "digits sha256:0"}}))

    def confirm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_cli("best", "--run", "copy", "--confirm", *arguments, cwd=tmp_path)

    assert "run 'runs/copy' was made with other options: dataset was 'digits sha256:0'" in refused(confirm, tmp_path)
    (run / "run.json").unlink()
    assert "has no dataset recorded" in refused(confirm, tmp_path)
    assert "--code prints a script, and" in refused(confirm, tmp_path, "--code")


def test_samples_draws_a_picture(cli: Cli, tmp_path: Path) -> None:
    from matplotlib import image

    assert cli("samples", "--dataset", "digits", "--out", "grid.png").returncode == 0
    picture = image.imread(tmp_path / "grid.png")
    assert picture.shape[0] > 400
    assert picture[..., :3].min() == 0
    assert picture[..., :3].max() == 1


def test_what_is_no_run_is_refused(cli: Cli, tmp_path: Path, run_directory: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "is not a run" in refused(cli, tmp_path, "results", "./empty")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "run.json").write_bytes((run_directory / "run.json").read_bytes())
    assert "is empty: no trial has begun" in refused(cli, tmp_path, "best", "--run", "./begun")
    (tmp_path / "begun" / "trial_0").mkdir()
    running = (run_directory / "trial_0" / "trial.json").read_text().replace("COMPLETED", "RUNNING")
    (tmp_path / "begun" / "trial_0" / "trial.json").write_text(running)
    assert "has no finished trial yet" in refused(cli, tmp_path, "best", "--run", "./begun")
    (tmp_path / "file").write_text("x")
    assert "is a file" in refused(cli, tmp_path, "search", "--dataset", "digits", "--run", "./file")


def test_sort_by_an_unknown_column(searched: tuple[Path, str], tmp_path: Path) -> None:
    done = run_cli("results", "--sort", "nope", cwd=searched[0])
    assert done.returncode == 2
    assert "unknown column 'nope': choose one of trial_id, status" in done.stderr
    assert run_cli("results", "--top", "0", cwd=searched[0]).returncode == 2
