"""One trial: its model, its training, its checkpoints and what is kept of it."""
