"""Label corruption and weak labels: one file an idea; pure functions that return a LabelSet."""
