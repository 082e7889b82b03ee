"""Renders the page from a template that escapes all data."""

import base64
import hashlib
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from keras_search.results.reading import scores
from keras_search.results.reading.keras_tuner_files import DamagedFile
from keras_search.results.report import outcome, recipe, table
from keras_search.results.report.pictures import Pictures
from keras_search.results.text import one_line

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_MOST_PROBLEMS = 20


def html(run: "Run", pictures: Pictures, code: str | None = None, evaluate: str | None = None) -> str:
    """The report on `run` as one HTML file.

    Its Content-Security-Policy lets it load nothing and run no script but its own.

    Args:
        pictures: As returned by `draw`.
        code: The best configuration as code to paste; None for a few lines with which Keras Tuner builds the model.
        evaluate: The command that evaluates the run, shown if that is what to do next; None to show no command.
    """
    problems = list(run.problems)
    try:
        result = outcome.of(run, evaluate)
    except DamagedFile as error:
        problems.append(one_line(str(error)))
        result = outcome.without_verdict(run, evaluate)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    style, script = _part("page.css"), _part("page.js")
    return environment.from_string(_part("page.html")).render(
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        name=one_line(run.path.resolve().name),
        summary=recipe.summary(run),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        notice=one_line((run.dataset or {}).get("notice") or ""),
        problems=problems[:_MOST_PROBLEMS],
        more_problems=len(problems) - _MOST_PROBLEMS,
        outcome=result,
        pictures=pictures,
        score=one_line(scores.name(run)),
        direction=run.objective.direction if run.objective else None,
        trials=table.of(run),
        configuration=recipe.configuration(run),
        has_baseline=recipe.differs_from_baseline(run),
        code=recipe.code(run) if code is None else code,
        command=recipe.command(run),
        repeatable=recipe.repeatable(run),
        facts=recipe.facts(run),
        versions=recipe.versions(run),
    )


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy that allows only the page's own style, script and pictures."""
    allowed = {"style-src": style, "script-src": script}
    hashed = "; ".join(f"{kind} 'sha256-{_hash(text)}'" for kind, text in allowed.items())
    return f"default-src 'none'; img-src data:; {hashed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _part(name: str) -> str:
    return resources.files("keras_search.results.report").joinpath(name).read_text(encoding="utf-8")
