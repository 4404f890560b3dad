"""Text recognition of scanned pages, by RapidOCR on ONNX Runtime with the models in its own package (PP-OCRv6, small).

The extra ``ocr`` installs it (about 270 MB). The models are checked by hash and given by path, so nothing is ever fetched.
Pages are drawn at 150 dots an inch; 12-point type and upwards reads without fault there. Not covered: handwriting, turned
pages, bold and italic; columns are told apart where a clear gutter parts them.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from assistant.errors import InputError, Unavailable
from ingest.readers.pdf_page import Fragment, Page

INSTALL = "Install text recognition (pip install 'muniment[ocr]') and ingest it again, or give a PDF with text."
MOST_PAGES = 300

_MODELS = {
    "Det": ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    "Rec": ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
}
_SCALE = 150 / 72  # pixels a point
_MOST_PIXELS = 2000  # of the longer side
_FULL_WIDTH = 0.6  # of the text's width: such a line parts what stands above from what stands below
_GUTTER = 0.02  # of the text's width
_COLUMN = 0.25  # of the text's width: narrower is a table's column
_LEAST_LINES = 3


def version() -> str:
    """Of the package, "" where it is not installed."""
    if not (util.find_spec("rapidocr") and util.find_spec("onnxruntime")):
        return ""
    return metadata.version("rapidocr")


def read_scan(page: Any, number: int) -> tuple[Page, float]:
    """``page``, pypdfium2's `PdfPage`, as if its words were text, and the least confidence of its lines (1 where there are
    none). Raises `InputError` where recognition breaks down, `Unavailable` where its models are not the known ones."""
    width, height = page.get_size()
    scale = min(_SCALE, _MOST_PIXELS / max(width, height))
    found = _recognised(page.render(scale=scale).to_numpy())
    lines = [
        Fragment(
            text=text,
            x0=min(x for x, _ in box) / scale,
            x1=max(x for x, _ in box) / scale,
            y=height - (max(y for _, y in box) - 0.22 * (max(y for _, y in box) - min(y for _, y in box))) / scale,
            size=0.72 * (max(y for _, y in box) - min(y for _, y in box)) / scale,
            bold=False,
            order=0,
        )
        for box, text, _ in found
    ]
    fragments = in_reading_order(_even_sizes(lines))
    for order, fragment in enumerate(fragments):
        fragment.order = order
    least = min((score for _, _, score in found), default=1.0)
    return Page(number=number, height=height, fragments=fragments, rules=[], hidden=[]), least


_Found = list[tuple[list[tuple[float, float]], str, float]]


def _recognised(image: Any) -> _Found:
    """Boxes (four corners, in pixels from the upper left), texts and confidences."""
    from cv2 import error as cv2_error
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException

    try:
        result = _engine()(image)
    except (Fail, RuntimeException, cv2_error) as error:
        raise InputError("Text recognition broke down on it, most likely for want of memory; split it.") from error
    if result.boxes is None or result.txts is None:
        return []
    return [
        ([(float(x), float(y)) for x, y in box], str(text), float(score))
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if any(map(str.isalnum, text))  # a dark area is "read" as ■
    ]


@cache
def _engine() -> Any:
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": 1280,
        "Rec.rec_batch_num": 1,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    for part, (name, digest) in _MODELS.items():
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise Unavailable(f"The text recognition model {name} is not the known one; install rapidocr==3.10.0.")
        settings[f"{part}.model_path"] = str(file)
    return rapidocr.RapidOCR(params=settings)


def _even_sizes(lines: Sequence[Fragment]) -> list[Fragment]:
    """Heights of boxes vary with the letters in them: what is near the page's usual size is that size, what is clearly
    larger or smaller goes in steps of a quarter."""
    if not lines:
        return []
    usual = statistics.median(line.size for line in lines)
    for line in lines:
        steps = round((line.size / usual - 1) / 0.25)
        line.size = round(usual * (1 + 0.25 * steps), 1) or line.size
    return list(lines)


def in_reading_order(lines: Sequence[Fragment]) -> list[Fragment]:
    """From the top; between lines of full width, columns of prose one after the other."""
    if not lines:
        return []
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    width = right - left
    ordered: list[Fragment] = []
    band: list[Fragment] = []
    for line in sorted(lines, key=lambda each: -each.middle):
        if line.x1 - line.x0 > _FULL_WIDTH * width:
            ordered += [*_columns(band, width), line]
            band = []
        else:
            band.append(line)
    return [*ordered, *_columns(band, width)]


def _columns(band: list[Fragment], width: float) -> list[Fragment]:
    gutter = _gutter(band, width)
    if gutter is None:
        return _rows(band)
    return [
        *_columns([line for line in band if line.x1 <= gutter], width),
        *_columns([line for line in band if line.x0 >= gutter], width),
    ]


def _gutter(band: list[Fragment], width: float) -> float | None:
    """Where to part ``band`` in two columns of prose; None where it is one, or a table."""
    reached = 0.0
    ordered = sorted(band, key=lambda line: line.x0)
    for at, line in enumerate(ordered):
        if at and line.x0 - reached >= _GUTTER * width:
            sides = (ordered[:at], ordered[at:])
            if all(
                len(side) >= _LEAST_LINES and statistics.median(each.x1 - each.x0 for each in side) >= _COLUMN * width
                for side in sides
            ):
                return (line.x0 + reached) / 2
        reached = max(reached, line.x1)
    return None


def _rows(band: list[Fragment]) -> list[Fragment]:
    """Lines on one height from left to right."""
    rows: list[list[Fragment]] = []
    for line in sorted(band, key=lambda each: -each.middle):
        if rows and abs(rows[-1][0].middle - line.middle) < 0.5 * rows[-1][0].size:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        for line in row:
            line.y = row[0].y
    return [line for row in rows for line in sorted(row, key=lambda each: each.x0)]
