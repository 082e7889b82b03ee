"""Projects that this toolkit did not make, on the command line: tables, folders of projects, what is refused."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from keras_search import results
from keras_search.results.reading import projects
from keras_search.results.telling import tables
from tests.helpers import ROOT, Cli, refused
from tests.results.projects import metrics, write_trial


def test_the_table_on_the_terminal(cli: Cli, project: Path) -> None:
    (project / "oracle.json").write_text("{")
    (project / "trial_1" / "trial.json").write_text("")
    done = cli("results", project)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "Warning: trial_1 is left out: trial.json is cut off or damaged",
        "Warning: oracle.json is cut off or damaged: the search space is taken from the trials",
    ]
    lines = done.stdout.splitlines()
    assert lines[0] == f"{project}: 2 finished of 3 trials; objective: val_loss (min)"
    assert lines[2].split() == ["trial", "score", "val_loss", "epoch", "hyperparameters"]
    assert lines[4].split()[:6] == ["0", "0.1250", "0.1250", "2", "units=8", "rate=-1e-07"]
    assert lines[-3].split()[:5] == ["2", "inf", "inf", "2", "units=4"]
    assert lines[-2].split() == ["3", "running"]
    assert all(character.isprintable() for line in lines for character in line)
    assert "tuner" not in done.stdout


def test_a_failure_is_one_short_line_on_the_terminal(cli: Cli, project: Path) -> None:
    shown = " ".join(cli("results", project, "--sort", "trial_id", COLUMNS="300").stdout.split())
    assert "1 failed ValueError: long long" in shown
    assert "…" in shown
    assert shown.count("long") == 13
    assert "more" not in shown


def test_a_project_sorts_by_any_column(project: Path) -> None:
    run = results.read(project)
    for column, expected in {"hp_kind": "0213", "hp_units": "2013", "val_accuracy": "2013", "trial_id": "0123"}.items():
        assert "".join(tables.ordered(run, column, None)["trial_id"]) == expected, column


def test_nothing_of_this_loads_tensorflow(project: Path, tmp_path: Path) -> None:
    script = f"import sys; sys.argv = ['cli.py', 'results', {str(project)!r}, '--json', 'a', '--markdown', 'b']\n"
    script += f"sys.path.insert(0, {str(ROOT)!r}); from keras_search.commands import app as cli\n"
    script += "try: cli.app()\nfinally: assert not {'tensorflow', 'keras', 'keras_tuner'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Written: b" in done.stdout


def test_a_folder_of_several_projects_lists_them(cli: Cli, project: Path, tmp_path: Path) -> None:
    folder = project.parent
    alone = cli("results", "made")
    assert alone.stdout == cli("results", project).stdout.replace(str(tmp_path) + "/", ""), "the only one is meant"
    write_trial(folder / "group" / "deep", "0", metrics=metrics(val_accuracy=0.75), score=0.75)
    (folder / "empty").mkdir()
    (folder / "empty" / "oracle.json").write_text("{}")
    (folder / "notes").mkdir()
    done = cli("results", "made")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0][:4] == ["made", "holds", "3", "projects;"]
    assert rows[4:7] == [
        ["empty", "0", "0"],
        ["group/deep", "1", "1", "0.7500", "val_accuracy", "(max)"],
        ["untitled_project", "4", "2", "0.1250", "val_loss", "(min)"],
    ]
    for arguments in (("results", "made", "--csv", "t.csv"), ("best", "--run", "made")):
        message = refused(cli, tmp_path, *arguments)
        assert "holds 3 projects, give one of them: 'empty', 'group/deep', 'untitled_project'" in message


def test_projects_at_several_depths_are_all_listed(cli: Cli, tmp_path: Path) -> None:
    folders = ["one", "one/within", "a/b/c/deep", "trial_runs/two"]
    for folder in folders:
        write_trial(tmp_path / "made" / folder, "0")
    (tmp_path / "made" / "a" / "again").symlink_to(tmp_path / "made", target_is_directory=True)
    assert [str(path.relative_to(tmp_path / "made")) for path in projects.inside(tmp_path / "made")] == sorted(folders)
    done = cli("results", "made/one")
    assert "1 finished of 1 trial" in done.stdout
    assert done.stdout.splitlines()[-1] == "It holds 1 further project: 'within'"


def test_what_is_no_project_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    assert "'folder' is not a run or a Keras Tuner project: it has no run.json" in refused(
        cli, tmp_path, "results", "folder"
    )
    assert "is a file: give the folder of a run" in refused(cli, tmp_path, "results", "./file")
    assert "there is no run 'runs/nowhere'" in refused(cli, tmp_path, "results", "nowhere")


def test_best_of_a_project_without_data_is_shown_but_not_evaluated(cli: Cli, project: Path, tmp_path: Path) -> None:
    done = cli("best", "--run", project)
    assert done.returncode == 0, done.stderr
    assert f"The best of 2 finished trials of {project}: trial 0\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "val_loss 0.1250 at epoch 2"
    assert all(character.isprintable() for line in done.stdout.splitlines() for character in line)
    message = refused(cli, tmp_path, "best", "--run", project, "--evaluate")
    assert message.startswith(f"Error: run {str(project)!r} has no dataset recorded")


@pytest.mark.slow
def test_ten_thousand_trials_take_under_five_seconds(tmp_path: Path) -> None:
    values = {f"units_{number}": number for number in range(10)}
    space = [{"class_name": "Int", "config": {"name": name, "min_value": 0, "max_value": 99}} for name in values]
    for number in range(10_000):
        measured = metrics(loss=number, accuracy=1 / (number + 1), val_loss=number, val_accuracy=1 / (number + 2))
        hyperparameters = {"space": space, "values": values}
        write_trial(tmp_path, str(number), metrics=measured, score=number, hyperparameters=hyperparameters)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, str(ROOT / "cli.py"), "results", str(tmp_path)], capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert b"10,000 finished of 10,000 trials" in done.stdout
    assert b"The first 100 of 10,000" in done.stdout
    # Processor time, which does not depend on other processes.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
