"""One trial: its model, its training, its time limit, its checkpoints and what is kept of it."""
