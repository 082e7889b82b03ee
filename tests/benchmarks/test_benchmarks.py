"""The commands of `benchmarks/` that train nothing, or little, and the clock that they share."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import pictures
from benchmarks.replay import Recorded, play
from benchmarks.tables import TABLES
from keras_search.tuner import runtime
from keras_search.tuner.data import datasets
from keras_search.tuner.trial import pruners
from tests.helpers import ROOT, run_cli
from tests.results.made_run import evaluate, make_run, random_trials


def recorded(*curve: float, seconds: float = 1.0, **arguments: object) -> Recorded:
    epochs = range(1, len(curve) + 1)
    return Recorded(dict(zip(epochs, curve)), dict.fromkeys(epochs, seconds), **arguments)


def played(trials: list[Recorded], workers: int, pruner: str = "none") -> list[tuple[Recorded, float]]:
    waiting = trials[::-1]
    ended: list[tuple[Recorded, float]] = []
    play(lambda: waiting.pop() if waiting else None, lambda *end: ended.append(end), pruners.get(pruner), workers)
    return ended


def test_a_trial_begins_when_a_worker_is_free() -> None:
    long, short, late = recorded(0.1, 0.2, 0.3), recorded(0.1, seconds=2.0), recorded(0.1, start_s=0.5)
    assert played([long, short, late], workers=2) == [(short, 2.0), (long, 3.0), (late, 3.5)]
    assert [end for _, end in played([recorded(0.1), recorded(0.1, 0.2)], workers=1)] == [1.0, 3.0]


def test_a_pruned_trial_ends_at_its_last_epoch_and_counts_at_its_best() -> None:
    good, bad, protected = recorded(0.9, 0.95), recorded(0.3, 0.2), recorded(0.1, 0.2, is_prunable=False)
    ended = played([good, bad, protected], workers=1, pruner="asha")
    assert [(trial.pruned, end) for trial, end in ended] == [(False, 2.0), (True, 3.0), (False, 5.0)]
    assert [trial.score for trial, _ in ended] == [0.95, 0.3, 0.2]


def run_benchmark(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    script = str(ROOT / "benchmarks" / name)
    return subprocess.run([sys.executable, script, *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.slow
def test_what_a_confirmation_gains_is_worked_out_on_the_table(tmp_path: Path) -> None:
    done = run_benchmark("confirm.py", "--searches", "4000", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "| +" in line]
    gains = [float(row[2]) for row in cells if row[:2] == ["best 5 x 2, the first score too", "10"]]
    assert len(gains) == 4
    assert 0 < gains[0] < gains[-1], "it gains more where a score varies more with the seed"


@pytest.mark.slow
def test_oracles_are_compared_on_the_tables(tmp_path: Path) -> None:
    asked = ["--seeds", "2", "--oracles", "random,grid,hyperband,freeze-thaw"]
    done = run_benchmark("compare_oracles.py", *asked, "--tables", "mnist", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
    names = ["random", "grid", "hyperband", "freeze-thaw"]
    kinds = [*((name, "none") for name in names), ("random", "median"), ("random", "asha")]
    assert [tuple(row[:2]) for row in cells[2:]] == kinds
    regrets = {kind: [float(cell.split(" ± ")[0]) for cell in row[2:6]] for kind, row in zip(kinds, cells[2:])}
    assert all(later <= earlier for row in regrets.values() for earlier, later in itertools.pairwise(row))
    assert 0 <= regrets["random", "asha"][-1] < regrets["grid", "none"][-1] < 1
    assert regrets["freeze-thaw", "none"][-1] < regrets["grid", "none"][-1]
    trials = {kind: int(row[6]) for kind, row in zip(kinds, cells[2:])}
    assert trials["grid", "none"] <= 21 < trials["freeze-thaw", "none"]
    assert trials["random", "median"] < trials["random", "asha"]
    assert (tmp_path / "oracles.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_deep_table_has_conditions() -> None:
    table = TABLES["deep"]()
    assert len(table.entries) == 1000
    for entry in table.entries[::100]:
        assert ("filters_2" in entry.values) == (entry.values["blocks"] >= 2)
        assert ("momentum" in entry.values) == (entry.values["optimizer"] == "sgd")
        assert table.nearest(entry.values).curve == entry.curve


@pytest.mark.slow
def test_an_evening_is_spent_by_each_peer_and_goes_on(tmp_path: Path) -> None:
    asked = ["--data", "none.npz", "--minutes", "1", "--tasks", "digits", "--peers", "keras-tuner-random,ours"]
    for _ in range(2):
        done = run_benchmark("evening.py", *asked, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
        assert [row[0] for row in rows[2:]] == ["keras-tuner-random", "ours"]
        assert all(int(row[1]) > 0 and 0.1 < float(row[2]) <= 1 for row in rows[2:])
        assert (tmp_path / "evening/evening.png").read_bytes().startswith(b"\x89PNG")
    assert "digits, ours:" not in done.stdout, "what is done is not done again"


def test_pictures_of_every_kind_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", random_trials(1), fingerprint=datasets.load("digits").fingerprint)
    evaluate(run, [0.9], [0.9])
    runtime.load_keras()
    import keras

    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    keras.Sequential(layers).save(tmp_path / "run" / "best_model.keras")
    asked = [str(tmp_path / "run"), "--pictures", "16", "--keep", str(tmp_path / "kept")]
    monkeypatch.setattr(sys, "argv", ["pictures.py", *asked])
    pictures.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" of ")[2] for line in lines] == ["2"] * 8 + ["16"]
    right = [int(line.rpartition(" of ")[0].split()[-1]) for line in lines]
    assert sum(right[:-1]) == right[-1]
    assert len(list((tmp_path / "kept").iterdir())) == 16


@pytest.mark.slow
def test_pruners_are_compared_on_runs(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        asked = ["--seed", seed, "--run", f"runs/pruning-{seed}", "--trials", "6", "--dataset", "digits"]
        narrowed = ["--set", "filters=4:8", "--set", "dense_units=32", "--set", "epochs=4"]
        assert run_cli("search", *asked, *narrowed, cwd=tmp_path).returncode == 0
    done = run_benchmark("compare_pruners.py", "runs/pruning-1", "runs/pruning-2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = [line.split("|")[1].strip() for line in done.stdout.splitlines() if "|" in line]
    assert names[2:] == ["median", "asha"]
    assert run_benchmark("compare_pruners.py", "runs/pruning-1", cwd=tmp_path).returncode == 1


@pytest.mark.slow
def test_the_benchmark_of_gpus_trains_the_same_on_both_sides(tmp_path: Path) -> None:
    asked = ["digits", "--cpu", "--epochs", "2", "--measure", "deep_cnn"]
    plain, ours = (run_benchmark("gpu.py", *asked, trials, cwd=tmp_path) for trials in ("0", "1"))
    assert (plain.returncode, ours.returncode) == (0, 0), plain.stderr + ours.stderr
    plain, ours = (json.loads(done.stdout.splitlines()[-1]) for done in (plain, ours))
    assert len(plain["losses"]) == 4
    assert ours["losses"] == pytest.approx(plain["losses"], rel=1e-2)
    assert plain["seconds"] > 0
    assert ours["seconds"] > 0


@pytest.mark.slow
def test_a_long_search_is_measured_and_its_memory_drawn(tmp_path: Path) -> None:
    plot = tmp_path / "memory.png"
    done = run_benchmark("long_search.py", "--trials", "4", "--oracles", "random", "--plot", str(plot), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    oracle, *_, own, workers = (cell.strip() for cell in done.stdout.splitlines()[-1].split("|")[1:-1])
    assert oracle == "random"
    assert int(own) > 50
    assert int(workers) > 50
    with Image.open(plot) as image:
        assert image.width > image.height > 100
