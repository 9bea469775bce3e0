"""A labelled table: reading, cleaning, schema, fingerprint, holdout split, verified files."""
