"""Where raw bytes come from: one file a kind.

Each has ``Settings`` and ``deliver(settings, work, report) -> Path``: a folder in which the wanted
files lie, anywhere below it, plain or gzipped. ``work`` is an empty folder to work in.
"""
