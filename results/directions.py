"""Whether larger or smaller values of a metric are better, as far as its name says."""

import re

# How the names of metrics end, in whole words, in Keras, scikit-learn and common add-ons.
_MORE = """
acc accuracy auc auprc auroc average_precision bleu concordance_correlation correlation cosine_similarity dice
dice_coef dice_coefficient dice_score explained_variance f1 f1_score f_beta f_beta_score f_score fbeta fbeta_score
io_u iou jaccard jaccard_index kappa log_likelihood matthews_corrcoef mcc ndcg precision psnr r2 r2_score r_squared
recall reward rouge sensitivity specificity ssim true_negative_rate true_negatives true_positive_rate true_positives
"""
_LESS = """
brier brier_score cer cross_entropy crossentropy deviance distance divergence error error_rate false_negative_rate
false_negatives false_positive_rate false_positives fid hinge huber kld log_cosh logcosh loss mae mape mse msle
negative_log_likelihood nll perplexity poisson rmse rmsle smape wer
"""
_DIRECTIONS: dict[str, str] = {**dict.fromkeys(_MORE.split(), "max"), **dict.fromkeys(_LESS.split(), "min")}
_LONGEST = max(name.count("_") for name in _DIRECTIONS) + 1
_FLIPPED = {"max": "min", "min": "max"}


def of(metric: str) -> str | None:
    """`max` if larger values of `metric` are better, `min` if smaller ones are; None if its name does not say.

    The last words of the name decide. So `val_accuracy`, `val_digit_accuracy` (of an output), `auc_2` (of the second
    model in a process) and `F1Score` are understood. scikit-learn's `neg_...` reverses the direction.
    """
    words = _words(metric)
    for length in range(min(_LONGEST, len(words)), 0, -1):
        direction = _DIRECTIONS.get("_".join(words[-length:]))
        if direction is not None:
            return _FLIPPED[direction] if "neg" in words else direction
    return None


def _words(metric: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", metric)
    words = re.findall(r"[a-z0-9]+", spaced.lower())
    while len(words) > 1 and words[-1].isdecimal():
        words.pop()  # Keras numbers metrics of the same name
    return words
