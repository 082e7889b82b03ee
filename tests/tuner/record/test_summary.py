"""The tables that a search keeps up to date."""

import csv
from pathlib import Path

from keras_search import results
from keras_search.tuner.record.summary import SummaryWriter
from tests.results.projects import metrics, write_trial


def test_the_csv_files_of_a_run_hold_no_formula(tmp_path: Path) -> None:
    measured = metrics(val_loss=0.5, **{"=1+1": 0.25})
    write_trial(tmp_path, "0", status="FAILED", message="@SUM(1,2)", metrics=measured)
    values = {"note": "\t=1", "wide": "\uff1d1", "space": " +x", "number": "-1e5", "minus": -1}
    write_trial(tmp_path, "1", hyperparameters={"space": [], "values": values})
    SummaryWriter(tmp_path).write()
    with (tmp_path / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["error"], row["'=1+1"]) for row in rows] == [("'@SUM(1,2)", "0.25"), ("", "")]
    shown = [rows[1][f"hp_{name}"] for name in values]
    assert shown == ["\\t=1", "'\uff1d1", "' +x", "-1e5", "-1"]
    assert results.read(tmp_path).trials["error"].tolist()[0] == "@SUM(1,2)"
