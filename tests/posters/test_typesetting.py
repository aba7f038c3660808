import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.posters.typesetting import Face, measure_text, set_title

FACES = st.sampled_from(("sans", "serif"))


def test_widths_are_those_of_the_typeface() -> None:
    assert measure_text("iiii", "sans") == pytest.approx(4 * 0.28)
    assert measure_text("W", "serif") == pytest.approx(1.0)
    assert measure_text("é", "sans") == measure_text("e\u0301", "sans") == measure_text("e", "sans")
    assert measure_text("漢", "sans") == 1.0


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=0x24F) | st.just(" "), min_size=1, max_size=150),
    FACES,
)
def test_a_set_title_fits_its_box(title: str, face: Face) -> None:
    block = set_title(title, face, 252, 100)
    assert block.height <= 101
    assert all(measure_text(line, face) * block.size <= 252 * 1.05 for line in block.lines)
    assert block.size >= 20


@given(
    st.lists(st.sampled_from(["The", "Lord", "of", "Rings", "a", "Fellowship"]), min_size=1, max_size=8),
    FACES,
)
def test_words_are_kept_whole_and_in_order(words: list[str], face: Face) -> None:
    block = set_title(" ".join(words), face, 252, 120)
    assert " ".join(block.lines).split() == words


def test_short_titles_are_large_and_long_ones_small() -> None:
    assert set_title("M", "sans", 252, 120).size == 58
    assert set_title("The Assassination of Jesse James by the Coward", "sans", 252, 120).size < 40


def test_lines_are_balanced() -> None:
    lines = set_title("The Silence of the Lambs", "sans", 252, 120).lines
    assert lines == ("The Silence", "of the Lambs")


def test_what_cannot_fit_ends_in_an_ellipsis() -> None:
    block = set_title("word " * 60, "sans", 252, 96)
    assert block.lines[-1].endswith("…")
    assert len(block.lines) == 4
