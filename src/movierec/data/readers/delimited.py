"""Delimited text into tables of strings, with the line every row came from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from movierec.errors import LayoutError

Batches = Callable[[], Iterator[pl.DataFrame]]

BATCH_BYTES: Final = 32 * 1024**2
"""Text parsed at a time: a table of strings takes ten times the room of its text."""

LINE: Final = "line"
OVERFLOW: Final = "overflow"
_UNIT_SEPARATOR: Final = "\x1f"


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8 (a BOM dropped), else Latin-1, as old MovieLens files are."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def batch_rows(data: bytes, columns: Sequence[str], separator: str, *, quoted: bool = True) -> Batches:
    """Return a function that gives the table of :func:`read_rows` in parts; at least one."""
    content = _to_utf8(data)
    return lambda: _parse_in_parts(content, 0, columns, separator, first_line=1, quoted=quoted)


def read_rows(data: bytes, columns: Sequence[str], separator: str, *, quoted: bool = True) -> pl.DataFrame:
    """Read text without a header.

    Parameters
    ----------
    data : the file's content
    columns : names for the leading columns, in the order of the file
    separator : one character, or several (``::``)
    quoted : whether a field may stand in double quotes

    Returns
    -------
    All columns as strings, stripped, blank = null, plus ``line`` (from 1) and ``overflow``: what
    stood where no column was expected, null in sound rows. Blank lines are left out.
    """
    return pl.concat(batch_rows(data, columns, separator, quoted=quoted)())


def read_csv(
    data: bytes, file: str, required: Mapping[str, str], optional: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Return the table of :func:`batch_csv` in one piece."""
    return pl.concat(batch_csv(data, file, required, optional)())


def batch_csv(
    data: bytes, file: str, required: Mapping[str, str], optional: Mapping[str, str] | None = None
) -> Batches:
    """Read comma-separated text with a header, some lines at a time.

    Parameters
    ----------
    data : the file's content
    file : its name, for messages
    required, optional : from the name in the file (any case) to the name wanted

    Returns
    -------
    A function that gives the table in parts, at least one: the wanted columns that are there, ``line``
    and ``overflow``, as :func:`read_rows` gives them.

    Raises
    ------
    LayoutError
        At once, if the file is empty or lacks a required column.
    """
    content = _to_utf8(data)
    end = content.find(b"\n")
    first = content if end < 0 else content[:end]
    try:
        header = [name.strip().lower() for name in next(csv.reader([first.decode()]), [])]
    except csv.Error as error:
        expected = ", ".join(required)
        raise LayoutError(f"{file} is no table ({error}); expected a header with {expected}") from None
    if not any(header):
        raise LayoutError(f"{file} is empty; expected a header with {', '.join(required)}")
    wanted = {name.lower(): target for name, target in {**required, **(optional or {})}.items()}
    missing = [name for name in required if name.lower() not in header]
    if missing:
        raise LayoutError(
            f"{file} lacks the column {', '.join(missing)}: its header is {', '.join(header)[:120]!r}; "
            f"expected {', '.join(required)}"
        )
    duplicates = sorted({name for name in header if name in wanted and header.count(name) > 1})
    if duplicates:
        raise LayoutError(f"{file} has the column {duplicates[0]} twice; keep one")
    columns = [wanted.get(name, f"unused_{position}") for position, name in enumerate(header)]
    chosen = (LINE, *(name for name in wanted.values() if name in columns), OVERFLOW)

    def parse() -> Iterator[pl.DataFrame]:
        for frame in _parse_in_parts(content, len(first) + 1, columns, ",", first_line=2, quoted=True):
            yield frame.select(chosen)

    return parse


def _to_utf8(data: bytes) -> bytes:
    if not data.isascii():
        data = decode(data).encode()
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _parse_in_parts(
    content: bytes, start: int, columns: Sequence[str], separator: str, *, first_line: int, quoted: bool
) -> Iterator[pl.DataFrame]:
    while True:
        stop = content.find(b"\n", start + BATCH_BYTES) + 1 or len(content)
        part = content[start:stop]
        yield _parse(part, columns, separator, first_line=first_line, quoted=quoted)
        if stop >= len(content):
            return
        first_line += part.count(b"\n")
        start = stop


def _parse(
    content: bytes, columns: Sequence[str], separator: str, *, first_line: int, quoted: bool
) -> pl.DataFrame:
    if len(separator) > 1:
        content, separator = content.replace(separator.encode(), _UNIT_SEPARATOR.encode()), _UNIT_SEPARATOR
    schema = dict.fromkeys((*columns, OVERFLOW), pl.String)
    quoted = quoted and b'"' in content
    try:
        frame = pl.read_csv(
            content,
            has_header=False,
            separator=separator,
            quote_char='"' if quoted else None,
            schema=schema,
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
            raise_if_empty=False,
        )
        broken = quoted and frame.height != _count_lines(content)
    except pl.exceptions.PolarsError:
        broken = True
    if broken:
        frame = _parse_line_by_line(content, len(columns), separator, schema)
    return (
        frame.with_columns(pl.all().str.strip_chars())
        .with_columns(pl.when(pl.all() != "").then(pl.all()))
        .with_row_index(LINE, offset=first_line)
        .filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
    )


def _count_lines(content: bytes) -> int:
    return content.count(b"\n") + (not content.endswith(b"\n") and len(content) > 0)


def _parse_line_by_line(
    content: bytes, width: int, separator: str, schema: Mapping[str, type[pl.String]]
) -> pl.DataFrame:
    # An unclosed quote would swallow everything after it; read alone, a broken line harms only itself.
    rows: list[list[str | None]] = []
    for line in io.StringIO(content.decode(), newline="\n"):
        fields: list[str | None] = list(next(csv.reader([line.rstrip("\n")], delimiter=separator), []))
        overflow = separator.join(field or "" for field in fields[width:]) or None
        rows.append([*fields[:width], *([None] * (width - len(fields))), overflow])
    return pl.DataFrame(rows, schema=dict(schema), orient="row")
