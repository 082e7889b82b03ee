"""`export`: writes a run for other programs."""

from typing import Annotated

import typer

from keras_search.commands.shared import count, errors, make_console, read


def export_run(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A name under runs/, or a path: of a run or of any Keras Tuner project; the latest run by default."
        ),
    ] = None,
    optuna: Annotated[
        str | None,
        typer.Option(
            help="Add it as a study to this database, such as sqlite:///study.db; needs optuna.", metavar="URL"
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The study's name; that of the run by default.")] = None,
) -> None:
    """Turn a run, or any Keras Tuner project, into an Optuna study."""
    with errors():
        from keras_search.results import RunError
        from keras_search.results.reading import runs
        from keras_search.results.text import escaped, one_line

        if optuna is None:
            raise RunError("what to export to is not given: write --optuna sqlite:///study.db")
        from keras_search.results.export import optuna_study

        loaded = read(runs.find(run))
        name = escaped(loaded.path.resolve().name if name is None else name)
        states = optuna_study.write(loaded, optuna, name)
        console = make_console()
        if caution := optuna_study.caution(loaded):
            console.print(f"NOTE: {caution}")
        by_state = ", ".join(f"{number:,} {state}" for state, number in states.items())
        console.print(f"{one_line(str(loaded.path))}: {count(states.total(), 'trial')} ({by_state})")
        console.print(f"Written: study {one_line(name)} in {optuna_study.shown(optuna)}", soft_wrap=True)
