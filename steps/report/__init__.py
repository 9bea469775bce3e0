"""Figures and cards: what a run shows to people. Nothing here knows MLflow or scikit-learn."""
