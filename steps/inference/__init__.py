"""What scoring new rows with a trained model is made of."""
