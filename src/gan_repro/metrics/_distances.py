"""What metrics of diversity share."""

import numpy as np


def between_pairs(rows: np.ndarray) -> float:
    """The mean squared distance of two of the rows (n, d), over all pairs; n is 2 or more.

    E |a - b|^2 = 2 n / (n - 1) times the sum of the variances of the n points' coordinates.
    """
    return float(2.0 * rows.astype(np.float64).var(axis=0, ddof=1).sum())
