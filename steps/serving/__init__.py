"""What travels with each model, so that it answers wherever it is loaded."""
