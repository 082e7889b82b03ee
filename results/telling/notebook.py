"""A run as a notebook shows it."""

from html import escape
from typing import TYPE_CHECKING

from keras_search.results.errors import RunError
from keras_search.results.reading.run import Run
from keras_search.results.telling import sentences, tables
from keras_search.results.text import count, one_line

if TYPE_CHECKING:
    import pandas as pd

_TRIALS = 10
_PROBLEMS = 10


def html(run: Run) -> str:
    """The run in HTML, with the colours and the font of the page: a summary, its best trials, its problems.

    Every text is escaped. The classes keep a notebook from typesetting text between dollar signs as a formula.
    """
    lines = [run.headline, *_about(run)]
    shown = run.trials.head(_TRIALS)
    try:
        best = f"trial {run.best['trial_id']}, {sentences.best_trial(run)}"
    except RunError as error:
        lines.append(str(error))
    else:
        lines += [f"Best: {best}", sentences.baseline_place(run), sentences.prospect(run)]
        shown = tables.best_trials(run, _TRIALS)
    table = _table(shown)
    if len(shown) < len(run.trials):
        table += f"<p>{len(shown)} of {count(len(run.trials), 'trial')}: <code>.trials</code> has all.</p>\n"
    about = "<br>\n".join(map(_safe, filter(None, lines)))
    return f'<div class="tex2jax_ignore mathjax_ignore">\n<p>{about}</p>\n{table}{_list(run.problems)}</div>'


def _about(run: Run) -> list[str]:
    data = run.dataset
    if data is None:
        return []
    images = f"{data['training_images']:,} training and {data['validation_images']:,} validation images"
    return [f"{data['name']}: {images}", *([f"NOTE: {data['notice']}"] if data["notice"] else [])]


def _table(trials: "pd.DataFrame") -> str:
    headings, rows = tables.trial_cells(trials)
    head = "".join(_cell("th", heading, heading) for heading in headings)
    body = "".join(f"<tr>{''.join(_cell('td', *pair) for pair in zip(row, headings))}</tr>\n" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _cell(tag: str, text: str, heading: str) -> str:
    side = "left" if heading in tables.TEXTS else "right"
    return f'<{tag} style="text-align: {side}">{_safe(text)}</{tag}>'


def _list(problems: tuple[str, ...]) -> str:
    if not problems:
        return ""
    shown = [*problems[:_PROBLEMS], *([f"{len(problems) - _PROBLEMS:,} more"] if len(problems) > _PROBLEMS else [])]
    items = "".join(f"<li>{_safe(problem)}</li>\n" for problem in shown)
    return f"<p>Not all could be read:</p>\n<ul>\n{items}</ul>\n"


def _safe(text: str) -> str:
    return escape(one_line(text))
