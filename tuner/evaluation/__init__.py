"""After the search: retrains and tests the best configuration and the baseline, and predicts with the best model."""
