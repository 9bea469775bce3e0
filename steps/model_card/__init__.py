"""The model card: what may be said of a version, by whom, and what was checked."""
