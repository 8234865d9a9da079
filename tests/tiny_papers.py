"""A paper that prints nothing but figures."""

from collections.abc import Mapping

from gan_repro.papers import PaperSpec
from gan_repro.printed import AgreementSpec
from gan_repro.printed_figures import FigureSpec


def paper(figures: Mapping[str, FigureSpec]) -> PaperSpec:
    """Without runs and tables."""
    return PaperSpec(
        paper="small", title="A small paper", citation="none", protocols={}, families={},
        tables={}, figures=dict(figures),
        agreement=AgreementSpec(tolerance={}, reason="nothing is printed"),
    )  # fmt: skip
