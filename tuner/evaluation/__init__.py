"""After the search: the best configuration and the baseline retrained, tested and asked for predictions."""
