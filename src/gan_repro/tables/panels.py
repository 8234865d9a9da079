"""Figures that are made of samples: the sheets of several runs side by side, as one picture."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro.printed import FigureSpec

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 190_000
"""Bytes of the PNG file, which lies in git."""
_SIDE = 580  # of a panel before anything is made smaller: about a sheet's own
_TITLE, _GAP = 26, 10
_PAPER, _INK, _EMPTY = (255, 255, 255), (20, 20, 20), (224, 224, 224)


def sample_panels(figure: FigureSpec, sheets: Mapping[str, bytes | None]) -> "Image":
    """The picture, no larger than git should hold; a run without a sheet is a panel that says so.

    sheets : ``family.condition`` -> the PNG bytes of its sheet, or None.
    """
    side = _SIDE
    while len(_png(picture := _drawn(figure, sheets, side))) > LARGEST:
        side = int(side * 0.85)
    return picture


def _drawn(figure: FigureSpec, sheets: Mapping[str, bytes | None], side: int) -> "Image":
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = len(figure.panels), max(len(row) for row in figure.panels)
    size = columns * (side + _GAP) + _GAP, rows * (side + _TITLE + _GAP) + _GAP
    canvas = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size=14)
    for i, row in enumerate(figure.panels):
        for j, panel in enumerate(row):
            left, top = _GAP + j * (side + _GAP), _GAP + i * (side + _TITLE + _GAP)
            draw.text((left, top), panel.title, fill=_INK, font=font)
            sheet = sheets.get(panel.run)
            if sheet is None:
                box = (left, top + _TITLE, left + side, top + _TITLE + side)
                draw.rectangle(box, fill=_EMPTY)
                draw.text((left + 8, top + _TITLE + 8), "not run", fill=_INK, font=font)
            else:
                canvas.paste(_fitted(sheet, side), (left, top + _TITLE))
    return canvas


def _fitted(sheet: bytes, side: int) -> "Image":
    """A sheet as a picture that fits into a square."""
    from PIL import Image

    picture = Image.open(io.BytesIO(sheet)).convert("RGB")
    scale = min(1.0, side / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _png(picture: "Image") -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()
