"""A run as a notebook and an interpreter show it."""

from html.parser import HTMLParser
from pathlib import Path

from keras_search import results
from tests.results.made_run import make_run, random_trials
from tests.results.projects import NASTY

MARKUP = "<script>alert('1')</script><img src=x onerror=\"alert(1)\">&lt;</td></div>"
VOID = ("br",)


class Page(HTMLParser):
    """Reads HTML: which tags there are, with which attributes, and the text of each cell, line and item."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.texts: list[str] = [""]
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        self.texts.append("")
        if tag == "tr":
            self.rows.append([])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("th", "td"):
            self.rows[-1].append(self.texts[-1])

    def handle_data(self, data: str) -> None:
        self.texts[-1] = (self.texts[-1] + data).strip()


def test_the_best_trials_the_baseline_and_what_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"rate": 0.1}, "score": 0.1}, *random_trials(30)])
    page = Page(run._repr_html_())
    assert f"{tmp_path / 'run'}: 28 finished of 31 trials; objective: val_accuracy (max)" in page.texts
    assert "digits: 500 training and 100 validation images" in page.texts
    best = run.best
    assert f"Best: trial {best['trial_id']}, val_accuracy {best['score']:.4f} at epoch 3 of 3, " in "".join(page.texts)
    assert "The baseline is number 28 of 28 finished trials." in page.texts
    assert page.rows[0] == ["trial", "score", "epoch", "parameters", "seconds", "hyperparameters"]
    assert [row[0] for row in page.rows[1:]] == [*run.finished["trial_id"].head(10), "0000 baseline"]
    assert page.rows[1][1:3] == [f"{best['score']:.4f}", "3/3"]
    assert page.rows[-1][-1] == "rate=0.1"
    assert "11 of 31 trials:" in page.texts


def test_nothing_in_a_run_is_markup(tmp_path: Path) -> None:
    trials = [{"values": {f"{MARKUP}{NASTY}": NASTY}, "score": place / 10} for place in range(2)]
    trials.append({"values": {"a": MARKUP}, "score": None, "error": MARKUP})
    make_run(tmp_path / "a<b>&", trials, objective=f"val_{MARKUP}:max")
    (tmp_path / "a<b>&" / "trial_0002" / "record.json").write_text("{")
    (tmp_path / "a<b>&" / "trial_0001" / "epochs.csv").write_text(f'"{MARKUP}"\n1\n')
    run = results.read(tmp_path / "a<b>&")
    page = Page(run._repr_html_())
    assert page.tags <= {"div", "p", "br", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "li"}
    assert page.attributes <= {
        ("class", "tex2jax_ignore mathjax_ignore"),
        ("style", "text-align: left"),
        ("style", "text-align: right"),
    }
    assert all(text.isprintable() for text in page.texts)
    assert f"{tmp_path / 'a<b>&'}: 2 finished of 3 trials; objective: val_{MARKUP} (max)" in page.texts
    assert page.rows[1][-1].startswith(f"{MARKUP}=cmd|' /C calc'!A1\\x1b]0;title\\x07\\n\\u202e<b>*x*</b>==cmd|")
    assert "trial_0002/record.json is cut off or damaged: times, seed and sizes are not known" in page.texts


def test_without_a_best_trial_it_says_why(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [{"values": {"a": 1}, "score": None, "error": MARKUP}] * 20)
    page = Page(run._repr_html_())
    assert any("has no finished trial yet" in text for text in page.texts)
    assert len(page.rows) == 11
    assert page.rows[1] == ["0000 baseline failed", "3/3", "1,000", "2.5", "a=1", MARKUP]
    assert repr(run) == f"<Run {tmp_path / 'run'}: 0 finished of 20 trials; objective: val_accuracy (max)>"


def test_of_many_problems_the_first_are_told(tmp_path: Path) -> None:
    make_run(tmp_path / "run", random_trials(14))
    for place in range(13):
        (tmp_path / "run" / f"trial_{place:04}" / "trial.json").write_text("")
    page = Page(results.read(tmp_path / "run")._repr_html_())
    items = page.texts[page.texts.index("Not all could be read:") + 1 :]
    told = [text for text in items if text]
    assert told[0] == "trial_0000 is left out: trial.json is cut off or damaged"
    assert (len(told), told[-1]) == (11, "3 more")


def test_an_interpreter_shows_one_line(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run\x1b\n", [{"values": {"a": 1}, "score": 0.25}])
    assert repr(run).endswith(": 1 finished of 1 trial; objective: val_accuracy (max); best: 0.2500, trial 0000>")
    assert repr(run).isprintable()
