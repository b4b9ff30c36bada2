"""Labels on paper: a 4 x 6 inch PDF, and ZPL for label printers.

Every text is somebody else's: ZPL's control characters and everything that is not plain ASCII are
sent as hexadecimal (`^FH`), so that an address cannot give the printer a command. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import barcode
import msgspec
import segno
from barcode.codex import Code128
from fpdf import FPDF
from fpdf.fonts import TTFFont

from everyshelf.base.tx import Tx
from everyshelf.fulfillment import PackageId
from everyshelf.network import Address
from everyshelf.orders import OrderId
from everyshelf.transport.facts import LABEL_UNKNOWN
from everyshelf.transport.work import SQL

WIDTH_MM: Final = 101.6
HEIGHT_MM: Final = 152.4
MARGIN_MM: Final = 5.0
DOTS_PER_MM: Final = 8  # 203 dpi, the usual label printer.
LONGEST: Final = 60
# A free font with Latin, Greek and Cyrillic that python-barcode brings along.
FONT: Final = Path(barcode.__file__).parent / "fonts" / "DejaVuSansMono.ttf"


class Sheet(msgspec.Struct, frozen=True):
    """Everything that stands on a label."""

    package_id: PackageId
    tracking: str
    carrier: str
    service: str
    order_id: OrderId
    zone: int
    weight_g: int
    ship_to: Address
    from_name: str
    from_street: str
    from_city: str
    from_region: str
    from_postcode: str
    from_country: str
    number: int
    total: int

    @property
    def sender(self) -> list[str]:
        """Who sends it, line by line."""
        town = f"{self.from_city} {self.from_region} {self.from_postcode}"
        return _lines(self.from_name, self.from_street, town, self.from_country)

    @property
    def receiver(self) -> list[str]:
        """Who gets it, line by line."""
        to = self.ship_to
        town = f"{to.city} {to.region} {to.postcode}"
        return _lines(to.name, to.street, town, to.country, to.phone)

    @property
    def facts(self) -> str:
        """The line about the package itself."""
        kilograms = f"{self.weight_g / 1000:.2f} kg"
        return f"{self.number}/{self.total}  {kilograms}  zone {self.zone}  {self.order_id}"


def _lines(*texts: str) -> list[str]:
    """Texts without line breaks and controls, each cut to what fits; empty ones go."""
    clean = (" ".join("".join(c if c.isprintable() else " " for c in t).split()) for t in texts)
    return [text[:LONGEST] for text in clean if text]


def sheets(tx: Tx, packages: Sequence[PackageId]) -> list[Sheet]:
    """What stands on the labels of these packages. Refused: transport.label_unknown."""
    found = tx.all(SQL.label_sheets, Sheet, ids=sorted(set(packages)))
    missing = set(packages) - {sheet.package_id for sheet in found}
    if missing:
        raise LABEL_UNKNOWN(f"{min(missing)} has no paid label.")
    return found


def label_pdf(tx: Tx, packages: Sequence[PackageId]) -> bytes:
    """One page of 4 x 6 inches a package."""
    found = sheets(tx, packages)
    pdf = FPDF(unit="mm", format=(WIDTH_MM, HEIGHT_MM))
    pdf.set_auto_page_break(False)
    pdf.add_font("label", fname=str(FONT))
    try:
        for sheet in found:
            _page(pdf, sheet)
        return bytes(pdf.output())
    finally:
        font = pdf.fonts["label"]
        assert isinstance(font, TTFFont)
        font.ttfont.close()  # The library reads the font's file lazily and leaves it open.


def _page(pdf: FPDF, sheet: Sheet) -> None:
    pdf.add_page()
    _text(pdf, 7, 7, sheet.sender)
    pdf.line(MARGIN_MM, 30, WIDTH_MM - MARGIN_MM, 30)
    _text(pdf, 37, 11, sheet.receiver)
    pdf.line(MARGIN_MM, 72, WIDTH_MM - MARGIN_MM, 72)
    _text(pdf, 79, 9, _lines(f"{sheet.carrier} {sheet.service}", sheet.facts))
    _bars(pdf, sheet.tracking, 90, 25)
    _text(pdf, 120, 9, [sheet.tracking])
    _square(pdf, sheet.tracking, WIDTH_MM - MARGIN_MM - 25, 123, 25)


def _text(pdf: FPDF, top: float, size: int, lines: Sequence[str]) -> None:
    pdf.set_font("label", size=size)
    for n, line in enumerate(lines):
        shown = line
        while pdf.get_string_width(shown) > WIDTH_MM - 2 * MARGIN_MM:
            shown = shown[:-1]
        pdf.text(MARGIN_MM, top + n * size * 0.5, shown)


def _bars(pdf: FPDF, text: str, top: float, height: float) -> None:
    """Code 128, drawn as rectangles so that no font and no picture stands between."""
    modules = str(Code128(text).build()[0])
    width = (WIDTH_MM - 4 * MARGIN_MM) / len(modules)
    for n, module in enumerate(modules):
        if module == "1":
            pdf.rect(2 * MARGIN_MM + n * width, top, width, height, style="F")


def _square(pdf: FPDF, text: str, left: float, top: float, size: float) -> None:
    """A QR code of the tracking number; no address is in it."""
    matrix = list(segno.make(text, error="m", micro=False).matrix_iter(border=2))
    module = size / len(matrix)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                pdf.rect(left + x * module, top + y * module, module, module, style="F")


def label_zpl(tx: Tx, packages: Sequence[PackageId]) -> str:
    """The same labels as ZPL II for a 203 dpi printer; plain ASCII whatever the texts are."""
    return "".join(line for sheet in sheets(tx, packages) for line in _zpl(sheet))


def _zpl(sheet: Sheet) -> Iterator[str]:
    yield "^XA\n^CI28\n"
    yield f"^PW{int(WIDTH_MM * DOTS_PER_MM)}\n^LL{int(HEIGHT_MM * DOTS_PER_MM)}\n"
    yield from _fields(40, 24, sheet.sender)
    yield "^FO40,220^GB732,3,3^FS\n"
    yield from _fields(250, 36, sheet.receiver)
    yield from _fields(560, 28, _lines(f"{sheet.carrier} {sheet.service}", sheet.facts))
    yield f"^FO60,660^BY2^BCN,200,Y,N,N^FH\\^FD{escape(sheet.tracking)}^FS\n"
    yield f"^FO560,920^BQN,2,6^FH\\^FDMA,{escape(sheet.tracking)}^FS\n"
    yield "^XZ\n"


def _fields(top: int, size: int, lines: Sequence[str]) -> Iterator[str]:
    for n, line in enumerate(lines):
        yield f"^FO40,{top + n * (size + 8)}^A0N,{size},{size}^FH\\^FD{escape(line)}^FS\n"


def escape(text: str) -> str:
    """A text as field data under `^FH\\`: controls, `^`, `~`, `\\` and non-ASCII as hexadecimal."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "^~\\" else f"\\{byte:02X}"
        for byte in text.encode()
    )
