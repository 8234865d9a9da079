"""Networks: shared blocks, then one family a file; image size and channels are arguments."""
