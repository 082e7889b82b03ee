"""The tables for other programs: as files, and as an Optuna study."""
