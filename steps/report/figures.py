"""All figures in one place; each takes arrays or frames and returns a matplotlib Figure."""

from steps.report.bar_figures import class_balance, compared_importances, permutation_importances
from steps.report.cluster_figures import cluster_map
from steps.report.curve_figures import calibration_curves, precision_recall_curves, roc_curves
from steps.report.heatmap_figures import classes_in_clusters, confusion_matrix
from steps.report.score_figures import paired_folds, score_over_grid

__all__ = [
    "calibration_curves",
    "class_balance",
    "classes_in_clusters",
    "cluster_map",
    "compared_importances",
    "confusion_matrix",
    "paired_folds",
    "permutation_importances",
    "precision_recall_curves",
    "roc_curves",
    "score_over_grid",
]
