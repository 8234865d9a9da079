"""From score rows to cells, verdicts, rendered tables and figures."""
