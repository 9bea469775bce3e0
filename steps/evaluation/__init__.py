"""What evaluate asks of the models."""
