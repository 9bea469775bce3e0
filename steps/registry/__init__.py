"""The Model Registry: versions and their evidence, the gate before the champion, aliases and their history."""
