"""Trains, exports and measures the models on tables: fraud-mlp, fraud-forest, fraud-boost, housing-mlp, housing-linear.

Usage: train_tables.py DATA_FOLDER MODEL_FOLDER. The columns here are those of `models[].inputs.X` in config/services.
"""

import csv
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx_graph import Graph, IR_VERSION, OPSET, perceptron
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, mean_absolute_error, precision_score, r2_score, recall_score, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

CHANNELS = ["cash", "transfer", "card", "wallet"]
COUNTRIES = ["de", "fr", "es", "it", "pl", "nl", "se", "pt"]
DISTRICTS = ["centre", "north", "east", "south", "west", "harbour"]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, names):
    return np.array([[float(row[name]) for name in names] for row in rows], np.float32)


def one_hot(rows, name, categories):
    return np.array([[row[name] == category for category in categories] for row in rows], np.float32)


def run(path, x):
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": x})))


def standardise(x, log_columns, is_number):
    """What `perceptron` does to its input, and the mean and deviation that it needs; flags stay 0 and 1."""
    scaled = np.where(np.array(log_columns), np.log1p(np.maximum(x, 0)), x)
    mean = np.where(is_number, scaled.mean(axis=0), 0).astype(np.float32)
    std = np.where(is_number, scaled.std(axis=0), 1).astype(np.float32)
    return ((scaled - mean) / std).astype(np.float32), mean, std


def fraud_columns(rows, ordinal):
    """amount, hour, age, tenure_days, the channels, and the country as flags or as its place in the list."""
    head = [numbers(rows, ["amount", "hour", "age", "tenure_days"]), one_hot(rows, "channel", CHANNELS)]
    if ordinal:
        country = np.array([[COUNTRIES.index(row["country"])] for row in rows], np.float32)
    else:
        country = one_hot(rows, "country", COUNTRIES)
    return np.hstack([*head, country])


def report_fraud(name, path, x, y):
    p = run(path, x)["probabilities"][:, 1]
    hit = p >= 0.5
    print(
        f"{name}: ROC AUC {roc_auc_score(y, p):.3f}, accuracy {accuracy_score(y, hit):.3f}, "
        f"precision {precision_score(y, hit):.3f}, recall {recall_score(y, hit):.3f} "
        f"(held out {len(y)}, fraud {y.mean():.3f}), {os.path.getsize(path)} bytes"
    )


def train_fraud(data, models):
    train, test = read(f"{data}/fraud-train.csv"), read(f"{data}/fraud-test.csv")
    y, y_test = (np.array([row["label"] == "fraud" for row in rows], int) for rows in (train, test))

    x = fraud_columns(train, ordinal=False)
    log_columns = [True, False, False, True] + [False] * 12
    scaled, mean, std = standardise(x, log_columns, [True] * 4 + [False] * 12)
    mlp = MLPClassifier(hidden_layer_sizes=(32, 16), alpha=1e-3, early_stopping=True, n_iter_no_change=15, max_iter=200, random_state=7)
    mlp.fit(scaled, y)
    graph = Graph("fraud-mlp")
    logit = perceptron(graph, "X", log_columns, mean, std, list(zip(mlp.coefs_, mlp.intercepts_)))
    fraud = graph.add("Sigmoid", [logit])
    legit = graph.add("Sub", [graph.constant([1.0]), fraud])
    graph.add("Concat", [legit, fraud], "probabilities", axis=1)
    path = f"{models}/fraud-mlp.onnx"
    graph.save(path, {"X": (np.float32, [16])}, {"probabilities": (np.float32, [2])})
    report_fraud("fraud-mlp", path, fraud_columns(test, ordinal=False), y_test)

    x = fraud_columns(train, ordinal=True)
    trees = {
        "fraud-forest": RandomForestClassifier(50, max_leaf_nodes=40, max_features=4, n_jobs=2, random_state=7),
        "fraud-boost": GradientBoostingClassifier(n_estimators=200, max_depth=2, learning_rate=0.2, random_state=7),
    }
    for name, estimator in trees.items():
        estimator.fit(x, y)
        model = to_onnx(estimator, x[:1], target_opset=OPSET, options={"zipmap": False})
        model.ir_version = IR_VERSION
        path = f"{models}/{name}.onnx"
        onnx.save(model, path)
        report_fraud(name, path, fraud_columns(test, ordinal=True), y_test)


def housing_columns(rows):
    """rooms, area_m2, age_years, distance_km and the districts."""
    return np.hstack(
        [numbers(rows, ["rooms", "area_m2", "age_years", "distance_km"]), one_hot(rows, "district", DISTRICTS)]
    )


def save_housing(name, models, log_columns, mean, std, layers, x, y):
    graph = Graph(name)
    price = perceptron(graph, "X", log_columns, mean, std, layers)
    graph.add("Identity", [price], "variable")
    path = f"{models}/{name}.onnx"
    graph.save(path, {"X": (np.float32, [10])}, {"variable": (np.float32, [1])})
    p = run(path, x)["variable"][:, 0]
    print(
        f"{name}: R2 {r2_score(y, p):.3f}, MAE {mean_absolute_error(y, p):.0f} "
        f"(held out {len(y)}, mean price {y.mean():.0f}, std {y.std():.0f}), {os.path.getsize(path)} bytes"
    )


def train_housing(data, models):
    train, test = read(f"{data}/housing-train.csv"), read(f"{data}/housing-test.csv")
    y, y_test = (numbers(rows, ["price"])[:, 0].astype(float) for rows in (train, test))
    x, x_test = housing_columns(train), housing_columns(test)
    is_number = [True] * 4 + [False] * 6
    target_mean, target_std = y.mean(), y.std()

    log_columns = [False, True, True, True] + [False] * 6
    scaled, mean, std = standardise(x, log_columns, is_number)
    mlp = MLPRegressor(hidden_layer_sizes=(32, 16), alpha=1e-4, early_stopping=True, n_iter_no_change=20, max_iter=300, random_state=7)
    mlp.fit(scaled, (y - target_mean) / target_std)
    layers = list(zip(mlp.coefs_, mlp.intercepts_))
    # The last layer speaks in money, so that no scaling is left to the reader of the answer.
    layers[-1] = (layers[-1][0] * target_std, layers[-1][1] * target_std + target_mean)
    save_housing("housing-mlp", models, log_columns, mean, std, layers, x_test, y_test)

    no_logs = [False] * 10
    scaled, mean, std = standardise(x, no_logs, is_number)
    linear = LinearRegression().fit(scaled, y)
    layers = [(linear.coef_[:, None], np.atleast_1d(linear.intercept_))]
    save_housing("housing-linear", models, no_logs, mean, std, layers, x_test, y_test)


if __name__ == "__main__":
    train_fraud(sys.argv[1], sys.argv[2])
    train_housing(sys.argv[1], sys.argv[2])
