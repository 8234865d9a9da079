"""Figures that are made of samples: the sheets of several runs side by side, as one picture."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gan_repro.printed_figures import FigureSpec
from gan_repro.tables.style import LARGEST, png

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_SIDE = 580  # of a panel before anything is made smaller: about a sheet's own
_TITLE, _GAP = 26, 10
_PAPER, _INK, _EMPTY = 255, 20, 224  # grey levels


def sample_panels(figure: FigureSpec, sheets: Mapping[str, bytes | None]) -> "Image":
    """The picture, no larger than git should hold; a run without a sheet is a panel that says so.

    sheets : by ``PanelRun.sheet``, the PNG bytes of the sheet, or None.
    """
    from PIL import Image

    pictures = {name: Image.open(io.BytesIO(png)) for name, png in sheets.items() if png}
    side = _SIDE
    while len(png(drawn := _drawn(figure, pictures, side))) > LARGEST:
        side = int(side * 0.85)
    return drawn


def _drawn(figure: FigureSpec, pictures: "Mapping[str, Image]", side: int) -> "Image":
    from PIL import Image, ImageDraw

    rows, columns = len(figure.panels), max(len(row) for row in figure.panels)
    size = columns * (side + _GAP) + _GAP, rows * (side + _TITLE + _GAP) + _GAP
    grey = all(picture.mode == "L" for picture in pictures.values())
    canvas = Image.new("L", size, _PAPER) if grey else Image.new("RGB", size, (_PAPER,) * 3)
    draw = ImageDraw.Draw(canvas)
    ink, empty = (_INK, _EMPTY) if grey else ((_INK,) * 3, (_EMPTY,) * 3)
    font = _font(max((panel.title for row in figure.panels for panel in row), key=len), side)
    for i, row in enumerate(figure.panels):
        for j, panel in enumerate(row):
            left, top = _GAP + j * (side + _GAP), _GAP + i * (side + _TITLE + _GAP)
            draw.text((left, top), panel.title, fill=ink, font=font)
            if panel.sheet in pictures:
                canvas.paste(_fitted(pictures[panel.sheet], side), (left, top + _TITLE))
            else:
                box = (left, top + _TITLE, left + side, top + _TITLE + side)
                draw.rectangle(box, fill=empty)
                draw.text((left + 8, top + _TITLE + 8), "not run", fill=ink, font=font)
    return canvas


def _font(longest: str, side: int) -> "FreeTypeFont | ImageFont":
    """The largest font, up to 14 pixels, in which the longest title is no wider than a panel."""
    from PIL import ImageFont

    for size in range(14, 5, -1):
        font = ImageFont.load_default(size=size)
        if font.getlength(longest) <= side:
            break
    return font


def _fitted(picture: "Image", side: int) -> "Image":
    """A sheet that fits into a square."""
    from PIL import Image

    scale = min(1.0, side / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
