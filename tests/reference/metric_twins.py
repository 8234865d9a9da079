"""Every metric once more, in float64 NumPy, written from the papers and sharing no code."""

import numpy as np


def inception_score(logits: np.ndarray, splits: int) -> tuple[float, float]:
    """exp of the mean over x of sum_y p(y|x) ln(p(y|x) / p(y)), a group at a time."""
    logits = logits.astype(np.float64)
    scores = []
    for group in range(splits):
        part = logits[group * len(logits) // splits : (group + 1) * len(logits) // splits]
        weights = np.exp(part - part.max(axis=1, keepdims=True))
        given_x = weights / weights.sum(axis=1, keepdims=True)
        marginal = given_x.mean(axis=0)
        divergences = [float(np.sum(p * (np.log(p) - np.log(marginal)))) for p in given_x]
        scores.append(np.exp(np.mean(divergences)))
    return float(np.mean(scores)), float(np.std(scores))


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """By the symmetric form: tr (C1 C2)^(1/2) = tr (C1^(1/2) C2 C1^(1/2))^(1/2)."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    means = [x.sum(axis=0) / len(x) for x in (one, other)]
    covariances = [
        (x - m).T @ (x - m) / (len(x) - 1) for x, m in zip((one, other), means, strict=True)
    ]
    root = _root(covariances[0])
    cross = np.trace(_root(root @ covariances[1] @ root))
    gap = means[0] - means[1]
    return float(gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * cross)


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def kernel_distance(
    one: np.ndarray, other: np.ndarray, subsets: int, size: int, seed: int
) -> tuple[float, float]:
    """The U-statistic of Gretton et al. 2012, eq. 3, pair by pair, over the same random subsets."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    draw = np.random.RandomState(seed)
    found = []
    for _ in range(subsets):
        x = one[draw.choice(len(one), size, replace=False)]
        y = other[draw.choice(len(other), size, replace=False)]
        inside = [
            sum(_kernel(z[i], z[j]) for i in range(size) for j in range(size) if i != j)
            for z in (x, y)
        ]
        between = sum(_kernel(a, b) for a in x for b in y)
        found.append(sum(inside) / (size * (size - 1)) - 2 * between / size**2)
    return float(np.mean(found)), float(np.std(found))


def _kernel(a: np.ndarray, b: np.ndarray) -> float:
    return float((a @ b / len(a) + 1.0) ** 3)


def precision_recall(made: np.ndarray, real: np.ndarray, neighbours: int) -> tuple[float, float]:
    """Share of made within the real manifold, and of real within the made one."""
    made, real = made.astype(np.float64), real.astype(np.float64)
    return _inside(made, real, neighbours), _inside(real, made, neighbours)


def _inside(points: np.ndarray, manifold: np.ndarray, neighbours: int) -> float:
    radii = [np.sort(np.linalg.norm(manifold - m, axis=1))[neighbours] for m in manifold]
    hits = [bool((np.linalg.norm(manifold - p, axis=1) <= radii).any()) for p in points]
    return float(np.mean(hits))


def neighbour_agreement(
    pooled: np.ndarray, labels: np.ndarray, pools: np.ndarray, asked: np.ndarray
) -> list[float]:
    """Of ranks 1, 2 and 5, and by chance: query by query, over all orders of others at a distance.

    pools : places of images (pools, size); asked : which of them are queries.
    """
    pooled = pooled.astype(np.float64)
    found = []
    for pool, query in zip(pools, asked, strict=True):
        for i in pool[query]:
            others = [j for j in pool if j != i]
            distance = {j: float(np.sum(np.abs(pooled[i] - pooled[j]))) for j in others}
            in_order = sorted(others, key=lambda j: distance[j])
            row = []
            for rank in (1, 2, 5):
                last = in_order[rank - 1]
                alike = [labels[j] == labels[i] for j in others if distance[j] == distance[last]]
                row.append(np.mean(alike))
            found.append([*row, np.mean([labels[j] == labels[i] for j in others])])
    return [float(share) for share in np.mean(found, axis=0)]


def converged(made: np.ndarray, real: np.ndarray, share: float) -> float:
    """Whether the samples reach the share of what real images score above 1."""
    reached, wanted = (inception_score(logits, 1)[0] - 1 for logits in (made, real))
    return 1.0 if reached / wanted >= share else 0.0


def class_diversity(rows: np.ndarray, labels: np.ndarray) -> float:
    """The mean over classes of the mean over pairs of |a - b|^2, pair by pair."""
    means = []
    for label in set(labels.tolist()):
        own = rows[labels == label].astype(np.float64)
        pairs = [((a - b) ** 2).sum() for i, a in enumerate(own) for b in own[:i]]
        means.append(np.mean(pairs))
    return float(np.mean(means))


def border_effect(
    codes: np.ndarray, labels: np.ndarray, right: np.ndarray, share: float
) -> tuple[float, float]:
    """Accuracy near borders and in cores; every pair of images by itself.

    codes : whole rows are compared to see which images are the same.
    """
    codes = codes.astype(np.float64)
    margins, kept = [], []
    for i, code in enumerate(codes):
        same, other = [], []
        for j, another in enumerate(codes):
            distance = float(np.sum(np.abs(code - another)))
            if labels[i] != labels[j]:
                other.append(distance)
            elif not np.array_equal(code, another):
                same.append(distance)
        if same and other:
            margins.append(min(other) - min(same))
            kept.append(right[i])
    count = max(1, int(share * len(margins)))
    low, high = sorted(margins)[count - 1], sorted(margins, reverse=True)[count - 1]
    border = [hit for hit, margin in zip(kept, margins, strict=True) if margin <= low]
    core = [hit for hit, margin in zip(kept, margins, strict=True) if margin >= high]
    return float(np.mean(border)), float(np.mean(core))


def ms_ssim(one: np.ndarray, other: np.ndarray, window: int, exponents: list[float]) -> float:
    """Of two images of one channel with values in [0, 1], a place of the window at a time."""
    places = np.arange(window) - (window - 1) / 2
    weights = np.exp(-(places**2) / 4.5)
    kernel = np.outer(weights, weights) / weights.sum() ** 2
    found = 1.0
    for scale, exponent in enumerate(exponents):
        terms = [
            _similarity(*(x[i : i + window, j : j + window] for x in (one, other)), kernel)
            for i in range(one.shape[0] - window + 1)
            for j in range(one.shape[1] - window + 1)
        ]
        luminance, contrast = np.array(terms).T
        last = scale == len(exponents) - 1
        found *= max(0.0, float(np.mean(luminance * contrast if last else contrast))) ** exponent
        height, width = (side // 2 * 2 for side in one.shape)
        one, other = (x[:height, :width] for x in (one, other))
        one, other = (
            (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4 for x in (one, other)
        )
    return found


def _similarity(one: np.ndarray, other: np.ndarray, kernel: np.ndarray) -> tuple[float, float]:
    means = [float((kernel * x).sum()) for x in (one, other)]
    apart = [one - means[0], other - means[1]]
    variances = [float((kernel * x * x).sum()) for x in apart]
    covariance = float((kernel * apart[0] * apart[1]).sum())
    luminance = (2 * means[0] * means[1] + 1e-4) / (means[0] ** 2 + means[1] ** 2 + 1e-4)
    return luminance, (2 * covariance + 9e-4) / (sum(variances) + 9e-4)
