"""The scorers that a search may use: those of scikit-learn that judge class predictions or probabilities."""

from __future__ import annotations

from difflib import get_close_matches

ANY_CLASSES = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "jaccard_macro",
    "jaccard_micro",
    "jaccard_weighted",
    "matthews_corrcoef",
    "neg_log_loss",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
)
TWO_CLASSES = ("average_precision", "f1", "jaccard", "neg_brier_score", "precision", "recall", "roc_auc")
"""For these the positive class is the last one in sorting order."""


def check_scoring(scoring: str, n_classes: int | None = None) -> None:
    """Raise ValueError unless `scoring` names a scorer that fits the number of classes (None: not known yet)."""
    if scoring in ANY_CLASSES or (scoring in TWO_CLASSES and n_classes in (None, 2)):
        return
    if scoring in TWO_CLASSES:
        raise ValueError(
            f"Got scoring={scoring}, which is for 2 classes, and a table with {n_classes}; "
            f"expected one for any number, such as balanced_accuracy or f1_macro."
        )
    near = get_close_matches(scoring, ANY_CLASSES + TWO_CLASSES, n=3, cutoff=0.5)
    expected = near or ["balanced_accuracy", "accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"]
    raise ValueError(f"Got scoring={scoring!r}, expected a scorer for classes such as {', '.join(expected)}.")
