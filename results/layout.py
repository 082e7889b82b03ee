"""The names of the files in a run directory, and the columns of its tables."""

from pathlib import Path

RUN = "run.json"
ORACLE = "oracle.json"
WARM_START = "warm_start.json"
SUMMARY = "summary.csv"
EPOCHS = "epochs.csv"
EVALUATION_CSV = "evaluation.csv"
EVALUATION_JSON = "evaluation.json"
BEST_MODEL = "best_model.keras"
CONFIRMATION = "confirmation"
CONFIRMATION_PLAN = "plan.json"
PLOTS = "plots"
TENSORBOARD = "tensorboard"
REPORT = "report.html"
DATA = ".data"
LOCK = ".lock"

TRIAL_PREFIX = "trial_"
TRIAL = "trial.json"
TRIAL_RECORD = "record.json"
TRIAL_EPOCHS = "epochs.csv"
TRIAL_WEIGHTS = "checkpoint.weights.h5"  # as Keras Tuner has it
OLDER_TRIAL_WEIGHTS = "best.weights.h5"
TRIAL_BUILD_CONFIG = "build_config.json"
TRIAL_CHECKPOINT = "checkpoint{execution}.npz"
TRIAL_STATE = "state.npz"
TRIAL_HUNG = "hung.txt"
TRIAL_ASKED = "asked.json"
TRIAL_OUTPUT = "output.txt"
TRIAL_LOG = "log.jsonl"
TRIAL_CALLBACKS = "callbacks"

HYPERPARAMETER_PREFIX = "hp_"
# Keras Tuner keeps notes of the oracle among the values of a trial. They are not hyperparameters; their columns have
# the names of the notes.
NOTE_PREFIX = "tuner/"
# For how many epochs the oracle wants the trial trained.
NOTED_EPOCHS = f"{NOTE_PREFIX}epochs"
# Which trial is confirmed, and by which of its fresh seeds, counted from 1.
NOTED_TRIAL = f"{NOTE_PREFIX}confirms"
NOTED_SEED = f"{NOTE_PREFIX}seed"

SUMMARY_COLUMNS = [
    "trial_id",
    "status",
    "is_baseline",
    "score",
    "val_accuracy",
    "val_loss",
    "accuracy",
    "loss",
    "best_epoch",
    "epochs_run",
    "pruned",
    "paused",
    "parameters",
    "duration_s",
    "started_at",
    "ended_at",
    "seed",
    "error",
]
# Integers: the execution, counted from 0, and its epoch, counted from 1.
EPOCH_NUMBERS = ["execution", "epoch"]
EPOCH_KEYS = ["trial_id", *EPOCH_NUMBERS]
EPOCH_SECONDS = "seconds"


def weights(trial: Path) -> Path:
    """The file with the weights of the trial in the directory `trial`, whichever version has written it."""
    older = trial / OLDER_TRIAL_WEIGHTS
    return older if older.exists() else trial / TRIAL_WEIGHTS
