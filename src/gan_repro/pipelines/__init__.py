"""Kedro wiring; the nodes are library functions."""
