"""One file a method: a frozen spec, its players, and named loss terms per turn."""
