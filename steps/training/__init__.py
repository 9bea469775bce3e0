"""What every trainer does with its own pipeline and grids: search, fit, log."""
