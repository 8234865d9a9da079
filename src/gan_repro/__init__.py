"""A reproducibility suite for GANs with noisy, weak, partial or no labels."""

__version__ = "0.1.0"
