"""What a run records, how it ends, and how its artifacts are found again; knows MLflow."""
