"""How like each other the samples of one class are, beside real images: mean MS-SSIM of pairs.

Odena, Olah and Shlens 2017 (arXiv 1610.09585), section 4.2 and Figures 4 and 5: the higher, the
less diverse. Of the classes of ImageNet, real ones reach .25.
"""

import numpy as np

from gan_repro.measuring import Features, Reference
from gan_repro.metrics._ms_ssim import Settings, fitting, of_real, of_samples

NAMES = (
    "ms_ssim",
    "ms_ssim_real",
    "ms_ssim_spread",
    "ms_ssim_spread_real",
    "ms_ssim_maximum_real",
    "ms_ssim_below",
    "ms_ssim_window",
    "ms_ssim_scales",
)

__all__ = ["NAMES", "Settings", "compute", "least_samples"]


def least_samples(settings: Settings) -> int:
    """So many that some class of a few dozen has a pair."""
    return 100


def compute(settings: Settings, features: Features, reference: Reference) -> dict[str, float]:
    """Of pixels (n, channels * height * width) in [0, 255] or [0, 1], and their classes.

    ``ms_ssim`` is the mean over classes of the mean over pairs, in [0, 1]; ``spread`` the mean over
    classes of the deviation over pairs; ``below`` the share of classes whose mean is less than
    that of the most uniform real class. By class: ``ms_ssim_of_C`` and ``ms_ssim_real_of_C``.

    Raises
    ------
    EvaluationError
        When features are no pixels, or images have no classes.
    """
    ours = of_samples(settings, features, reference)
    real = of_real(settings, reference)
    means, means_real = ({c: float(v.mean()) for c, v in of.items()} for of in (ours, real))
    most = max(means_real.values())
    window, scales = fitting(settings, reference.shape)
    values = (
        np.mean(list(means.values())),
        np.mean(list(means_real.values())),
        np.mean([pairs.std() for pairs in ours.values()]),
        np.mean([pairs.std() for pairs in real.values()]),
        most,
        np.mean([mean < most for mean in means.values()]),
        window,
        scales,
    )
    found = {name: float(value) for name, value in zip(NAMES, values, strict=True)}
    if settings.by_class:
        found |= {f"ms_ssim_of_{c}": mean for c, mean in means.items()}
        found |= {f"ms_ssim_real_of_{c}": mean for c, mean in means_real.items()}
    return found
