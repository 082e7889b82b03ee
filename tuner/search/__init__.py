"""The search loop: ask, submit, wait, tell; its progress, how it is stopped, how its trials came out."""
