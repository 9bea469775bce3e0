from types import SimpleNamespace

from steps.evaluation.costs import cost_sentence


def model(name, **cost):
    return SimpleNamespace(name=name, cost=cost)


def test_the_cost_of_a_challenger_against_the_plain_model():
    plain = model("train_rf", fit_seconds=2.0, predict_seconds=0.5, model_bytes=100)
    challenger = model("train_rf_kmeans", fit_seconds=3.0, predict_seconds=0.5, model_bytes=110)
    assert cost_sentence([plain, challenger], {"train_rf_kmeans": {"difference": -0.0123}}) == (
        "train_rf_kmeans costs 1.50 times the time to fit (as measured when fitted), 1.00 times the time to predict, "
        "1.10 times the size of train_rf, for a score that differs by -0.0123."
    )


def test_what_was_not_measured_is_left_out():
    plain = model("train_rf", fit_seconds=None, predict_seconds=0.5, model_bytes=100)
    assert "to fit" not in cost_sentence([plain, plain], {"train_rf": {"difference": 0.0}})
