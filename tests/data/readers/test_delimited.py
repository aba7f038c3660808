from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data.readers.delimited import decode, read_csv, read_rows
from movierec.errors import LayoutError

COLUMNS = {"a": "first", "b": "second"}


def rows_of(data: bytes) -> list[tuple[object, ...]]:
    return read_csv(data, "x.csv", COLUMNS).rows()


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,x\n2,y\n",
        b"a,b\r\n1,x\r\n2,y\r\n",
        b"\xef\xbb\xbfa,b\n1,x\n2,y",
        b'"a","b"\n"1","x"\n"2","y"\n',
        b"A , B\n 1 ,x \n2,y\n",
        b"a,other,b\n1,9,x\n2,9,y\n",
    ],
    ids=["plain", "crlf", "bom, no last newline", "quotes", "spaces and case", "extra column"],
)
def test_variants_of_csv_read_the_same(data: bytes) -> None:
    assert rows_of(data) == [(2, "1", "x", None), (3, "2", "y", None)]


def test_lines_are_numbered_and_blank_ones_left_out() -> None:
    assert rows_of(b"a,b\n1,x\n\n2,y\n") == [(2, "1", "x", None), (4, "2", "y", None)]


def test_short_rows_have_nulls_and_long_rows_overflow() -> None:
    assert rows_of(b"a,b\n1\n1,2,3\n") == [(2, "1", None, None), (3, "1", "2", "3")]


def test_quoted_separator_stays_in_its_field() -> None:
    assert rows_of(b'a,b\n1,"x, y ""z"""\n') == [(2, "1", 'x, y "z"', None)]


def test_unclosed_quote_harms_only_its_own_line() -> None:
    frame = read_csv(b'a,b\n1,x\n"2,y\n3,z\n4,"ok, this"\n', "x.csv", COLUMNS)
    assert frame["first"].to_list()[0] == "1"
    assert frame["first"].to_list()[2:] == ["3", "4"]
    assert frame["second"].to_list()[2:] == ["z", "ok, this"]


def test_latin_1_is_read_where_utf_8_fails() -> None:
    assert decode("Léon".encode("latin-1")) == "Léon"
    assert decode("Léon".encode()) == "Léon"


def test_separator_of_two_characters() -> None:
    frame = read_rows(b"1::A: B::c\n2::x\n", ("a", "b", "c"), "::")
    assert frame.rows() == [(1, "1", "A: B", "c", None), (2, "2", "x", None, None)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.csv is empty"),
        (b"\n", "x.csv is empty"),
        (b"a,c\n1,2\n", "lacks the column b"),
        (b"a,b,B\n1,2,3\n", "column b twice"),
    ],
)
def test_unusable_header_is_refused_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(LayoutError, match=message) as caught:
        rows_of(data)
    assert "\n" not in str(caught.value)


FIELD = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=8)


@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=20))
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    lines = ["a,b", *(",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows)]
    read = rows_of("\n".join(lines).encode())
    assert [(first, second) for _, first, second, _ in read] == rows


@pytest.mark.parametrize("data", [b"a" * 200_000, b'userId\r"x\r\n1', bytes(range(256)) * 4])
def test_binary_or_endless_header_is_refused_plainly(data):
    with pytest.raises(LayoutError, match="expected"):
        read_csv(data, "users.csv", {"userId": "user_id", "movieId": "item_id"})


def test_lone_carriage_returns_end_lines():
    frame = read_csv(
        b"userId,movieId\r1,10\r2,20\r", "users.csv", {"userId": "user_id", "movieId": "item_id"}
    )
    assert frame["user_id"].to_list() == ["1", "2"]
    assert frame["item_id"].to_list() == ["10", "20"]
