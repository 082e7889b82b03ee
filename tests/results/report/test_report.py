"""The report: what it says of a run or of any project, and that no text in it is run as code."""

import base64
import hashlib
import html
import json
import math
import re
from pathlib import Path

import pytest

from keras_search import results
from keras_search.results import report
from keras_search.results.telling import sentences
from tests.helpers import Cli, refused, run_cli
from tests.results.made_run import evaluate, make_run, random_trials
from tests.results.projects import NASTY, hyperparameter, metrics, write_trial

NO_PICTURES = report.Pictures([], {}, [])


def shown(page: str) -> str:
    """The visible text of a page, on one line."""
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


@pytest.fixture
def run(tmp_path: Path) -> results.Run:
    return make_run(tmp_path / "run", random_trials(12))


def test_the_command_reports_a_real_search(run_directory: Path, tmp_path: Path) -> None:
    done = run_cli("report", run_directory, "--out", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "NOTE: importance: 3 trials are too few" in done.stdout
    assert "Left out confusion and mistakes: run" in done.stdout
    assert done.stdout.splitlines()[-1] == "Written: page.html"
    page = (tmp_path / "page.html").read_text()
    text = shown(page)
    run = results.read(run_directory)
    assert f"Not tested yet: trial {run.best['trial_id']} has the best val_accuracy of 3 finished trials" in text
    assert sentences.baseline_place(run) in text
    assert f"best --run {run_directory} --evaluate" in text
    assert f"{run.best['parameters']:,}" in text
    assert "python" in text
    assert "cli.py search --trials 3 --dataset digits --train-samples 600 --set epochs=1:2 --workers 0" in text
    assert run.dataset["fingerprint"] in text
    assert all(version in text for version in run.info["versions"].values())
    assert page.count("<img") == page.count('<img src="data:image/') == 6
    assert all(text for text in re.findall(r'alt="([^"]*)"', page))
    assert len(page) < 1_000_000


def test_it_is_beside_the_run_by_default_and_loads_nothing(cli: Cli, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "made", random_trials(2))
    done = cli("report")
    assert done.returncode == 0, done.stderr
    assert "Written: runs/made/report.html" in done.stdout
    page = (tmp_path / "runs" / "made" / "report.html").read_text()
    assert set(re.findall(r"\b(?:src|href|srcset|action)=[\"']?([a-z#]+:?)", page)) <= {"data:", "#"} | {
        f"#{part}" for part in ("verdict", "plots", "trials", "best", "again")
    }
    assert "python cli.py best --run made --evaluate" in shown(page)


def test_one_trial_is_not_called_the_best_of_many(tmp_path: Path) -> None:
    text = shown(report.html(make_run(tmp_path / "run", random_trials(1)), NO_PICTURES))
    assert "Not tested yet: the only finished trial, trial 0000, has val_accuracy 0.9163" in text
    assert "flatters" not in text


def test_its_policy_allows_its_own_style_and_script_alone(run: results.Run) -> None:
    page = report.html(run, NO_PICTURES)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    policy = html.unescape(policy)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    for kind in ("style", "script"):
        (own,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"; {kind}-src 'sha256-{digest}'; " in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("baseline", "best", "headline", "tone"),
    [
        ([0.979, 0.981, 0.98], [0.987, 0.9885, 0.9868], "is better than the baseline: 98.74% of", "better"),
        ([0.987, 0.9885, 0.9868], [0.979, 0.981, 0.98], "is worse than the baseline: 98.00% of", "worse"),
        ([0.979, 0.981, 0.980], [0.980, 0.982, 0.9795], "cannot be told apart from the baseline", "open"),
        ([0.98], [0.99], "Too few seeds to say whether the best configuration is better", "open"),
    ],
)
def test_the_verdict_comes_first_in_the_words_of_the_terminal(
    run: results.Run, baseline: list[float], best: list[float], headline: str, tone: str
) -> None:
    verdict = evaluate(run, baseline, best, documented=0.1135)
    page = report.html(run, NO_PICTURES, evaluate="THE COMMAND")
    text = shown(page)
    assert headline in html.unescape(re.search(r"<h1>(.*?)</h1>", page)[1])
    assert f'<section id="verdict" class="verdict {tone}">' in page
    for sentence in sentences.verdict(verdict, (0.1135, 1), same=False):
        assert sentence in text
    for row in sentences.verdict_rows(verdict, {"baseline": 1, "best": 7}):
        assert " ".join(" ".join(row).split()) in text
    assert ", ".join(map(sentences.percent, best)) in text
    assert "on 1,438 training images" in text
    assert "Not tested yet" not in text
    assert "THE COMMAND" not in text


def test_a_verdict_on_the_baseline_itself(run: results.Run) -> None:
    evaluate(run, [0.98, 0.981], [0.98, 0.981], same=True)
    text = shown(report.html(run, NO_PICTURES))
    assert "The best configuration is the baseline itself: 98.05% of the test images right" in text
    assert sentences.NOT_COMPARABLE in text
    assert "Always answering 1, the most frequent class, scores 11.35% on the test images." in text


def test_a_best_that_is_the_baseline_is_not_set_beside_it(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", [{"values": {"rate": place}, "score": 0.9 - place / 10} for place in range(3)])
    made.info["baseline"] = {"rate": 0}
    page = report.html(made, NO_PICTURES)
    text = shown(page)
    assert "The best of the 3 finished trials is the baseline itself." in text
    assert "To retrain it from scratch on several seeds, and to test it on the test images, evaluate the run." in text
    text = shown(report.html(made, NO_PICTURES, evaluate="THE COMMAND"))
    assert "and to test it on the test images: THE COMMAND" in text
    assert '<th scope="col">baseline</th>' not in page
    assert "finished trials, 0.9000" in text


def test_a_verdict_on_a_trial_that_is_no_longer_the_best_says_so(run: results.Run) -> None:
    evaluate(run, [0.97, 0.98], [0.99, 0.991], trial_id="0000")
    text = shown(report.html(run, NO_PICTURES, evaluate="THE COMMAND"))
    assert f"the verdict on trial 0000, the best one then. The search went on, and trial {run.best['trial_id']}" in text
    assert "To test that one: THE COMMAND" in text


def test_a_damaged_evaluation_is_told_and_counts_as_none(run: results.Run) -> None:
    for damaged in ("{", "[]", '{"trial_id": "0"}'):
        (run.path / "evaluation.json").write_text(damaged)
        text = shown(report.html(run, NO_PICTURES))
        assert "Not tested yet: trial" in text
        assert "What could not be read" in text
        assert "evaluation.json is cut off or damaged: the run counts as not evaluated" in text


def test_a_notice_stands_before_everything_else(run: results.Run) -> None:
    info = json.loads((run.path / "run.json").read_text())
    info["dataset"]["notice"] = "MNIST could not be downloaded: using <digits>"
    (run.path / "run.json").write_text(json.dumps(info))
    text = shown(report.html(results.read(run.path), NO_PICTURES))
    assert "Note: MNIST could not be downloaded: using <digits>" in text
    assert text.index("MNIST could not") < text.index("Not tested yet")


def cells(page: str) -> list[list[str]]:
    """The table of trials, its headings first."""
    (table,) = re.findall(r'<table class="trials">(.*?)</table>', page, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    return [[shown(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def test_the_table_has_every_trial_with_what_is_known_of_any(run: results.Run) -> None:
    headings, *rows = cells(report.html(run, NO_PICTURES))
    fixed = ["trial", "status", "score", "best epoch", "epochs", "parameters", "seconds"]
    assert headings == [*fixed, "optimizer", "rate", "batch", "norm", "momentum"]
    assert len(rows) == 12
    best = run.best
    assert rows[0][:3] == [f"{best['trial_id']} best", "completed", f"{best['score']:.4f}"]
    assert rows[-1][:3] == ["0009", "failed", ""]
    assert "0000 baseline" in {row[0] for row in rows}
    assert [row[1] for row in rows].count("pruned") == 2
    for row in rows:
        assert (row[headings.index("momentum")] == "") == (row[headings.index("optimizer")] == "adam")


def test_a_project_of_which_the_objective_is_not_known(tmp_path: Path) -> None:
    for number in range(3):
        measured = metrics(val_loss=0.5 / (number + 1), val_accuracy=0.5)
        write_trial(tmp_path / "project", str(number), score=number, metrics=measured)
    run = results.read(tmp_path / "project")
    page = report.html(run, report.draw(run, no_model))
    text = shown(page)
    assert "Which trial is the best is not known" in text
    assert "no one metric equals the score in every trial" in text
    assert "Left out history, curves, slices, parallel, importance, tradeoff, confusion, mistakes: which trial" in text
    headings, *rows = cells(page)
    assert headings == ["trial", "score", "best epoch", "val_accuracy", "val_loss"]
    assert [row[0] for row in rows] == ["0", "1", "2"]
    assert "hp.values" not in text


def test_a_project_without_a_finished_trial(tmp_path: Path) -> None:
    write_trial(tmp_path / "project", "0", score=None, status="RUNNING", metrics=metrics())
    message = "Traceback (most recent call last):\n  File\nValueError: no memory\n"
    write_trial(tmp_path / "project", "1", score=None, status="FAILED", message=message, metrics=metrics())
    run = results.read(tmp_path / "project")
    page = report.html(run, report.draw(run, no_model))
    assert "No trial has finished with a score yet" in shown(page)
    assert cells(page) == [["trial", "status", "error"], ["0", "running", ""], ["1", "failed", "ValueError: no memory"]]


def test_a_project_whose_scores_are_all_infinite(tmp_path: Path) -> None:
    write_trial(tmp_path / "project", "0", score=math.inf, metrics=metrics(val_loss=math.inf))
    run = results.read(tmp_path / "project")
    page = report.html(run, report.draw(run, no_model))
    assert "has no finished trial whose score is finite" in shown(page)
    headings, row = cells(page)
    assert dict(zip(headings, row))["score"] == "inf"
    assert '"Infinity"' in page


def test_what_cannot_be_read_and_what_is_not_recorded_is_said(project: Path) -> None:
    (project / "trial_1" / "trial.json").write_text("{")
    run = results.read(project)
    text = shown(report.html(run, report.draw(run, no_model), evaluate="THE COMMAND"))
    assert "What could not be read" in text
    assert "trial_1 is left out: trial.json is cut off or damaged" in text
    assert "The data are not recorded: train the best configuration with your own script" in text
    assert "THE COMMAND" not in text
    assert "Versions Not recorded." in text


def test_nothing_from_data_is_markup(tmp_path: Path) -> None:
    hostile = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script>", "{{ 7 * 7 }}", NASTY]
    folder = tmp_path / "<b onclick=alert(1)>run"
    for number, text in enumerate(hostile):
        values = dict.fromkeys(hostile, text)
        space = [hyperparameter("Choice", name, values=hostile) for name in hostile]
        measured = metrics(val_accuracy=number / 10, **dict.fromkeys(hostile, 1.0))
        write_trial(
            folder, str(number), score=number / 10, metrics=measured, hyperparameters={"space": space, "values": values}
        )
    for text in hostile:
        write_trial(folder, text.replace("/", "|")[:40], score=None, status="FAILED", message=text, metrics=metrics())
    run = results.read(folder)
    page = report.html(run, report.draw(run, no_model), code="</code></pre><script>alert(1)</script>")
    own = re.sub(r"<(style|script)>.*?</\1>", "", page, count=1, flags=re.DOTALL)
    assert page.count("<script") == page.count("</script>") == 2, "the data of the rows, and the page's own"
    assert "onerror=alert(1)&gt;" in own
    without_values = re.sub(r'="[^"]*"', "=", own)
    assert not re.search(r"<[^>]*\son\w+=", without_values)
    assert len(re.findall("<img", own)) == len(re.findall('<img src="data:image/', own)) == 4
    assert "{{ 7 * 7 }}" in page
    assert all(character.isprintable() or character == "\n" for character in page)
    assert "</code></pre><script>alert(1)</script>" in shown(page)


def test_the_code_to_paste_is_that_of_the_best_trial(run: results.Run) -> None:
    import keras_tuner

    page = report.html(run, NO_PICTURES)
    (code,) = [block for block in re.findall(r"<code>(.*?)</code>", page, re.DOTALL) if "hp.values" in block]

    class Hypermodel:
        def build(self, hp: keras_tuner.HyperParameters) -> dict[str, object]:
            return {"batch": hp.Choice("batch", [32, 128]), "rate": hp.Float("rate", 1e-5, 0.1), **hp.values}

    names: dict[str, object] = {"hypermodel": Hypermodel()}
    exec(html.unescape(code), names)
    best = run.best.dropna()
    assert names["model"] == {name: best[f"hp_{name}"] for name in names["model"]}
    assert {f"hp_{name}" for name in names["model"]} == {name for name in best.index if name.startswith("hp_")}
    given = report.html(run, NO_PICTURES, code="import keras\n")
    assert "import keras\n</code>" in given
    assert "hp.values" not in given


@pytest.mark.slow
def test_a_thousand_trials_fit_in_three_megabytes(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(1000))
    page = report.html(run, report.draw(run, no_model))
    assert len(page.encode()) < 3_000_000
    assert len(json.loads(page.split('id="rows">')[1].split("</script>")[0])) == 1000
    assert len(cells(page)) == 201, "without scripts"
    assert "1,000 trials: 771 completed, 129 pruned, 100 failed." in shown(page).replace(" ,", ",")


def test_what_cannot_be_written_is_refused(cli: Cli, run: results.Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "--out 'folder' is a folder: give the name of a file" in refused(
        cli, tmp_path, "report", run.path, "--out", "folder"
    )
    assert "--out 'no/page.html': there is no folder 'no'" in refused(
        cli, tmp_path, "report", run.path, "--out", "no/page.html"
    )


def no_model(run: results.Run) -> report.Pictures:
    raise results.RunError("no model")
