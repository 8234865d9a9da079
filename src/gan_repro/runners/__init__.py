"""Kedro runners."""
