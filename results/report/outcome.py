"""The top of a report: the verdict, or that there is none yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keras_search.results import evaluation
from keras_search.results.errors import RunError
from keras_search.results.evaluation import Evaluation
from keras_search.results.numbers import is_missing, number
from keras_search.results.reading import scores
from keras_search.results.telling import sentences
from keras_search.results.text import count, one_line
from keras_search.results.verdict import Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_FIGURES = {"best epoch": ("best_epoch", "d"), "parameters": ("parameters", ",d"), "seconds": ("duration_s", ",.1f")}
_UNSEEN = "How good it is on data that the search has not seen is not known."


@dataclass(frozen=True)
class Bar:
    """An interval and its mean on a scale from 0 to 100; if there is no interval, all three are the mean."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class Row:
    """A row of the table of models.

    Attributes:
        cells: One per heading.
        bar: Its interval as a drawing; None if there is none.
    """

    cells: tuple[str, ...]
    bar: Bar | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of a search, as the report shows it.

    Attributes:
        tone: Whether the best configuration is `better` or `worse` than the baseline; `open` if that is not known.
        headline: The outcome in a sentence.
        headings: Of the table of models; the first is that of their names.
        rows: Of the table of models; empty if no trial is known to be the best.
        sentences: The outcome in detail.
        advice: What to do next; empty if there is nothing to do.
        command: The command that does it; None if there is none.
    """

    tone: str
    headline: str
    headings: tuple[str, ...] = ()
    rows: Sequence[Row] = ()
    sentences: Sequence[str] = ()
    advice: str = ""
    command: str | None = None


def of(run: "Run", evaluate: str | None = None) -> Outcome:
    """The outcome of `run`: the verdict if it was evaluated, else what is known without.

    Args:
        evaluate: The command that evaluates the run; None to show no command.

    Raises:
        DamagedFile: Its `evaluation.json` cannot be read.
    """
    evaluated = evaluation.read(run.path)
    return without_verdict(run, evaluate) if evaluated is None else _with_verdict(run, evaluated, evaluate)


def without_verdict(run: "Run", evaluate: str | None = None) -> Outcome:
    """The outcome of a run that has not been evaluated."""
    try:
        finished = scores.scored(run)
    except RunError as error:
        is_unknown = run.objective is None and not run.finished.empty
        headline = "Which trial is the best is not known" if is_unknown else "No trial has finished with a score yet"
        reason = one_line(str(error))
        return Outcome("open", headline, sentences=[f"{reason[0].upper()}{reason[1:]}."])
    best = run.best
    named = {"best trial": best}
    baseline = finished.loc[finished["is_baseline"].eq(True).fillna(False).astype(bool)]
    if not baseline.empty and baseline["trial_id"].iloc[0] != best["trial_id"]:
        named["baseline"] = baseline.iloc[0]
    objective = one_line(scores.name(run))
    trial, score = f"trial {one_line(str(best['trial_id']))}", number(best["score"])
    headline = f"{trial} has the best {objective} of {count(len(finished), 'finished trial')}, {score}"
    chosen = f"The best trial was chosen by this very score, which flatters it. {_UNSEEN}"
    if run.confirmed:
        headline = f"{trial} was chosen of {count(len(finished), 'finished trial')} by further seeds"
        chosen = f"{sentences.confirmed(run)} {_UNSEEN}"
    if len(finished) == 1:
        headline, chosen = f"the only finished trial, {trial}, has {objective} {score}", _UNSEEN
    if run.dataset:
        retrained, tested = ("it", "it") if sentences.is_baseline(best) else ("it and the baseline", "both")
        advice = f"To retrain {retrained} from scratch on several seeds, and to test {tested} on the test images"
        advice += ":" if evaluate else ", evaluate the run."
    else:
        advice = "The data are not recorded: train the best configuration with your own script, and test it there."
    headings, rows = _trials(named, objective)
    return Outcome(
        tone="open",
        headline=f"Not tested yet: {headline}",
        headings=headings,
        rows=rows,
        sentences=[
            *filter(None, [sentences.baseline_place(run), sentences.prospect(run), sentences.to_beat(run)]),
            chosen,
        ],
        advice=advice,
        command=evaluate if run.dataset else None,
    )


def _with_verdict(run: "Run", evaluated: Evaluation, evaluate: str | None) -> Outcome:
    verdict = evaluated.verdict
    said = sentences.verdict(verdict, evaluated.most_frequent_class, evaluated.same)
    trained = "It was" if evaluated.same else "Both were"
    said.append(
        f"{trained} trained from scratch on {evaluated.dataset.training_images:,} training images, once for each "
        "seed, and tested on images that neither the search nor the training had used. The intervals tell how much "
        "training varies with the seed."
    )
    now, then = one_line(str(run.best["trial_id"])), one_line(evaluated.trial_id)
    advice = (
        f"This is the verdict on trial {then}, the best one then. The search went on, and trial {now} is the best one "
        "now. To test that one" + (":" if evaluate else ", evaluate the run again.")
    )
    return Outcome(
        tone=_tone(verdict, evaluated.same),
        headline=_headline(verdict, evaluated.same),
        headings=(*sentences.VERDICT_HEADINGS, "each seed"),
        rows=_models(evaluated),
        sentences=said,
        advice="" if now == then else advice,
        command=None if now == then else evaluate,
    )


def _headline(verdict: Verdict, same: bool) -> str:
    best, baseline = sentences.percent(verdict.best.mean), sentences.percent(verdict.baseline.mean)
    if same:
        return f"The best configuration is the baseline itself: {best} of the test images right"
    figures = f"{best} of the test images right, against {baseline}"
    if verdict.significant is None:
        return f"Too few seeds to say whether the best configuration is better than the baseline: {figures}"
    if not verdict.significant:
        return f"The best configuration cannot be told apart from the baseline: {figures}"
    word = "better" if verdict.difference.mean > 0 else "worse"
    return f"The best configuration is {word} than the baseline: {figures}"


def _tone(verdict: Verdict, same: bool) -> str:
    if same or not verdict.significant:
        return "open"
    return "better" if verdict.difference.mean > 0 else "worse"


def _models(evaluated: Evaluation) -> list[Row]:
    intervals = {"baseline": evaluated.verdict.baseline}
    if not evaluated.same:
        intervals["best"] = evaluated.verdict.best
    bars = dict(zip(intervals, _bars(list(intervals.values()))))
    accuracies = evaluated.accuracies
    rows = sentences.verdict_rows(evaluated.verdict, evaluated.epochs_trained, evaluated.same)
    # The row of the documented accuracy has no seeds and no bar: it is a single number, far from the others.
    names = [""] * (len(rows) - len(intervals)) + list(intervals)
    return [
        Row((*cells, ", ".join(map(sentences.percent, accuracies.get(name, [])))), bars.get(name))
        for name, cells in zip(names, rows)
    ]


def _bars(intervals: Sequence[Interval]) -> list[Bar]:
    ends = [interval.ends or (interval.mean, interval.mean) for interval in intervals]
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    width = highest - lowest or 1

    def place(share: float) -> float:
        return round(100 * (share - lowest) / width, 2)

    return [Bar(place(low), place(interval.mean), place(high)) for interval, (low, high) in zip(intervals, ends)]


def _trials(named: "Mapping[str, pd.Series]", objective: str) -> tuple[tuple[str, ...], list[Row]]:
    """Headings and rows of the trials by their names, without columns that are empty."""
    figures = {
        "trial": [one_line(str(trial["trial_id"])) for trial in named.values()],
        objective: [number(trial["score"]) for trial in named.values()],
    }
    for heading, (column, form) in _FIGURES.items():
        texts = ["" if is_missing(trial[column]) else format(trial[column], form) for trial in named.values()]
        if any(texts):
            figures[heading] = texts
    return ("model", *figures), [Row(cells) for cells in zip(named, *figures.values())]
