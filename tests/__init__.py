"""Mirrors steps/. A package, as some that are installed have one of this name."""
