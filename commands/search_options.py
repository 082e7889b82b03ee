"""The options of `search`, as the command line shows them."""

from typing import Annotated

import typer

Trials = Annotated[
    int | None,
    typer.Option(
        help="How many configurations to try, the baseline included: 20, or with a time budget as many as there is "
        "time for.",
        show_default=False,
    ),
]
Space = Annotated[
    str,
    typer.Option(
        help="The search space; `spaces` shows them. Or your own, whose code is then run: FILE.py:NAME or "
        "MODULE:NAME, a keras_tuner.HyperModel or a function build(hp)."
    ),
]
Oracle = Annotated[
    str | None,
    typer.Option(
        help="What proposes configurations: random [default], grid, bayesian, hyperband (epochs are its budget), "
        "freeze-thaw (trials pause after 1, 3, 9, ... epochs, and the promising ones go on), and with Optuna installed "
        "tpe, cmaes, qmc, gp. All but random and grid learn from the trials so far, so their points depend on how "
        "many run at once.",
        show_default=False,
    ),
]
Pruner = Annotated[
    str,
    typer.Option(
        help="What ends trials that fall behind the others: none, median or asha. With one, scores depend on how "
        "many run at once."
    ),
]
Objective = Annotated[str, typer.Option(help="What is optimised: a metric of the model, or NAME:min, NAME:max.")]
TimeBudget = Annotated[
    str | None,
    typer.Option(
        help="End after so long, such as 30m or 1h30m; running trials pause. Without --trials, there "
        "are as many as there is time for.",
        metavar="TIME",
    ),
]
UntilNoBetter = Annotated[
    int | None,
    typer.Option(help="End after so many trials in a row that were no better than one before.", metavar="N"),
]
WarmStart = Annotated[
    list[str] | None,
    typer.Option(
        help="Begin with the best five points of an earlier run of a related task, and tell the oracle of its trials: "
        "a name under runs/, or the path of a run or Keras Tuner project; may be repeated.",
        metavar="RUN",
    ),
]
Seed = Annotated[int, typer.Option(help="Decides the configurations, the split and every trial's training.")]
NewRun = Annotated[
    str | None,
    typer.Option(help="A name under runs/, or a path; by default named from dataset, space, oracle and seed."),
]
TrainSamples = Annotated[
    int | None, typer.Option(help="Search on a stratified part of the training images.", metavar="N")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Narrow what is sampled: NAME=VALUE, NAME=LOW:HIGH[:STEP] or NAME=a,b,c; may be repeated. "
        "The baseline trial keeps its documented values.",
        metavar="NAME=...",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Delete the run of that name first.")]
Threads = Annotated[
    int,
    typer.Option(
        help="In how many threads each worker computes. Scores depend on it in their last digits, so a run keeps it.",
        metavar="N",
    ),
]
TrialsPerGpu = Annotated[int, typer.Option(help="How many of auto's workers share a GPU.", metavar="K")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Train on the Dask cluster of this scheduler, tls://HOST:PORT or tcp://HOST:PORT, on at most "
        "--workers at once (docs/cluster.md).",
        metavar="ADDRESS",
    ),
]
Retries = Annotated[
    int,
    typer.Option(help="Begin a trial again, from its last epoch, N times if its process dies.", metavar="N"),
]
TrialTimeout = Annotated[
    str | None, typer.Option(help="A trial that takes longer fails, such as 30m or 2h.", metavar="TIME")
]
KeepWeights = Annotated[int, typer.Option(help="Keep the weights of the best N trials.", metavar="N")]
TensorBoard = Annotated[
    bool,
    typer.Option("--tensorboard", help="Also write every epoch and the HParams tab for TensorBoard."),
]
ExplainSpeed = Annotated[
    bool,
    typer.Option("--explain-speed", help="In the end, show what made training faster, and why something did not."),
]
Confirm = Annotated[
    bool,
    typer.Option(
        "--confirm",
        help="In the end, train the best five once more on two fresh seeds each, and choose by all of their scores.",
    ),
]
