"""Whether larger or smaller values of a metric are better, by its name."""

import pytest

from keras_search.results import directions


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_accuracy", "max"),
        ("accuracy", "max"),
        ("val_digit_accuracy", "max"),
        ("val_digit_loss", "min"),
        ("val_f1_score", "max"),
        ("val_F1Score", "max"),
        ("val_r2_score", "max"),
        ("val_cosine_similarity", "max"),
        ("val_dice_coef", "max"),
        ("val_dice_loss", "min"),
        ("val_mean_io_u", "max"),
        ("MeanIoU", "max"),
        ("val_auc_3", "max"),
        ("val_precision_at_recall", "max"),
        ("val_top_5_categorical_accuracy", "max"),
        ("val_mean_absolute_error", "min"),
        ("val_rmse", "min"),
        ("val_sparse_categorical_crossentropy", "min"),
        ("val_kl_divergence", "min"),
        ("val_false_positives_1", "min"),
        ("neg_mean_squared_error", "max"),
        ("val_negative_log_likelihood", "min"),
        ("val_log_likelihood", "max"),
        ("val_energy", None),
        ("val_accuracy_of_nothing", None),
        ("inaccuracy", None),
        ("größe", None),
        ("score", None),
        ("", None),
        ("7", None),
    ],
)
def test_the_last_words_of_a_name_tell(metric: str, direction: str | None) -> None:
    assert directions.of(metric) == direction


def test_every_metric_of_keras_tells() -> None:
    import keras

    names = [name for name in dir(keras.metrics) if name[0].isupper()]

    assert "F1Score" in names
    # These names do not say what they measure.
    assert {name for name in names if directions.of(name) is None} == {"Mean", "MeanMetricWrapper", "Metric", "Sum"}
