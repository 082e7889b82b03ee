"""SklearnTuner: models of several families, a pipeline, DataFrames, cross validation, extra metrics."""

import keras_tuner as kt
import pandas as pd
from sklearn import ensemble, linear_model, metrics, model_selection
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build_model(hp):
    model_type = hp.Choice("model_type", ["random_forest", "ridge", "logistic"])
    if model_type == "random_forest":
        with hp.conditional_scope("model_type", "random_forest"):
            model = ensemble.RandomForestClassifier(
                n_estimators=hp.Int("n_estimators", 5, 20, step=5), max_depth=hp.Int("max_depth", 3, 10), random_state=0
            )
    elif model_type == "ridge":
        with hp.conditional_scope("model_type", "ridge"):
            model = linear_model.RidgeClassifier(alpha=hp.Float("alpha", 1e-3, 1, sampling="log"))
    else:
        with hp.conditional_scope("model_type", "logistic"):
            model = make_pipeline(
                StandardScaler(), linear_model.LogisticRegression(C=hp.Float("C", 1e-2, 1e2, sampling="log"))
            )
    return model


X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = model_selection.train_test_split(X, y, test_size=0.2, random_state=1)

tuner = kt.tuners.SklearnTuner(
    oracle=kt.oracles.BayesianOptimizationOracle(
        # Keras Tuner docs: the objective should always be set to `Objective('score', direction='max')`
        objective=kt.Objective("score", "max"),
        max_trials=5,
        seed=7,
    ),
    hypermodel=build_model,
    scoring=metrics.make_scorer(metrics.accuracy_score),
    metrics=metrics.accuracy_score,
    cv=model_selection.StratifiedKFold(5),
    directory=".",
    project_name="my_project",
)
tuner.search(X_train, y_train.to_numpy())

best_model = tuner.get_best_models(num_models=1)[0]
print(best_model, best_model.score(X_test, y_test))
table = pd.DataFrame([dict(t.hyperparameters.values, score=t.score) for t in tuner.oracle.get_best_trials(5)])
print(table)
assert table["score"].is_monotonic_decreasing and table["score"].iloc[0] > 0.8
assert tuner.oracle.get_best_trials()[0].metrics.exists("accuracy_score")
assert best_model.score(X_test, y_test) > 0.8
print("FINISHED", len(table), tuner.get_best_hyperparameters()[0]["model_type"] in str(table["model_type"].unique()))
