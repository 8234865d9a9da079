"""Kedro data set classes: written to a temporary name, then renamed."""
