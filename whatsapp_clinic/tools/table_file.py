"""Tables that people keep in spreadsheets: CSV and XLSX, in and out."""

import csv
import io
import zipfile
import zlib
from datetime import date, datetime

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

# What Excel writes in Turkey when it does not write UTF-8.
_CODINGS = ("utf-8-sig", "cp1254")
_DELIMITERS = ",;\t"
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ZIP_START = b"PK"
# What reading makes of a spreadsheet that is none, or a broken one.
_BROKEN = (
    EOFError,
    InvalidFileException,
    LookupError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
# A small file may unpack to a very large one.
MAX_UNPACKED_BYTES = 200 * 1024 * 1024


class NotATable(ValueError):
    """The file cannot be read as CSV or XLSX."""


class TooManyRows(ValueError):
    """The table is longer than asked for."""


def read_table(data: bytes, most_rows: int) -> list[list]:
    """The rows of a CSV or XLSX file, with the heading; empty rows are left out.

    Cells are texts without spaces around, or `date` and `datetime` where a spreadsheet
    has them. Raises NotATable, TooManyRows.
    """
    read = _read_xlsx if data.startswith(_ZIP_START) else _read_csv
    rows = []
    for row in read(data):
        cells = [_clean(cell) for cell in row]
        if any(cells):
            rows.append(cells)
        if len(rows) > most_rows:
            raise TooManyRows(most_rows)
    return rows


def write_csv(rows: list[list]) -> bytes:
    """CSV for spreadsheets; no cell is taken for a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(sheets: dict[str, list[list]]) -> bytes:
    """An XLSX file with rows of texts by the name of the sheet; none is a formula."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
            for cell in sheet[sheet.max_row]:
                cell.data_type = "s"
        for column, width in enumerate(map(max, zip(*_lengths(rows), strict=True)), 1):
            sheet.column_dimensions[get_column_letter(column)].width = width + 2
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _lengths(rows: list[list]) -> list[list[int]]:
    return [[len(str(cell)) for cell in row] for row in rows]


def _read_xlsx(data: bytes):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise NotATable
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except _BROKEN as broken:
        raise NotATable from broken


def _read_csv(data: bytes):
    text = _decode(data)
    heading = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as broken:
        raise NotATable from broken


def _decode(data: bytes) -> str:
    for coding in _CODINGS:
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise NotATable


def _clean(cell):
    if isinstance(cell, date | datetime):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = "" if cell is None else str(cell).strip()
    is_guarded = text.startswith("'") and text[1:].startswith(_FORMULA_STARTS)
    return text[1:] if is_guarded else text


def _harmless(cell) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
