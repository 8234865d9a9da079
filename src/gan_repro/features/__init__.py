"""One file an extractor: images become features and logits, with the weights' sha256."""
