"""One file a metric: features or moments become a number."""
