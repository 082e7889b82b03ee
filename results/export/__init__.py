"""Runs for other programs: tables in several formats, and Optuna studies."""
