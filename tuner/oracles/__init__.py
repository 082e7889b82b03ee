"""What to try next: Keras Tuner's oracles and Optuna's samplers, beginning with the baseline point."""
