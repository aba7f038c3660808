"""One page to print: a viewer's recommendations and reasons as self-contained HTML. Pure.

Titles are untrusted: everything from data is escaped, and the page's own policy allows neither scripts
other than its print button nor anything from outside.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from html import escape
from typing import Final

from ui.models import Pick
from ui.text import describe_movie, format_match, join_words, strip_year

MAX_PICKS: Final = 8
MAX_REASONS: Final = 2
_SCRIPT: Final = "document.getElementById('print').addEventListener('click', () => window.print());"
_STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fcfaf6; color: #26211c; font: 13px/1.4 "Source Sans 3", "Segoe UI", Arial, sans-serif; }
main { max-width: 186mm; margin: 0 auto; padding: 8mm 6mm; }
header { border-bottom: 2px solid #9a2b3c; padding-bottom: 3mm; margin-bottom: 4mm; }
h1 { margin: 0 0 1mm; font: 700 24px/1.2 Georgia, "Times New Roman", serif; overflow-wrap: anywhere; }
h2 { margin: 0; font: 700 14px/1.25 Georgia, "Times New Roman", serif; max-height: 2.5em; overflow: hidden; overflow-wrap: anywhere; }
p { margin: 0.6mm 0 0; overflow-wrap: anywhere; }
.quiet { color: #5a524a; }
ol { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: 3mm 6mm; }
li { display: flex; gap: 3mm; height: 47mm; overflow: hidden; break-inside: avoid; }
li img, .blank { flex: none; width: 30mm; height: 45mm; border-radius: 2mm; background: #e3dbcd; }
.match { font-weight: 600; color: #7a2230; }
ul { margin: 1mm 0 0; padding-left: 4mm; list-style: disc; }
ul li { display: list-item; height: auto; overflow: visible; overflow-wrap: anywhere; }
footer { margin-top: 4mm; border-top: 1px solid #e3dbcd; padding-top: 2mm; font-size: 11px; color: #5a524a; }
button { font: inherit; padding: 2mm 5mm; border: 1px solid #9a2b3c; border-radius: 2mm; background: #9a2b3c; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #26211c; outline-offset: 2px; }
@media (max-width: 600px) { ol { grid-template-columns: 1fr; } li { height: auto; } }
@page { size: A4; margin: 10mm; }
@media print {
  body { background: #fff; } main { max-width: none; padding: 0; } .screen { display: none; }
  ol { grid-template-columns: 1fr 1fr; } li { height: 47mm; } ul li { height: auto; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """What stands around the films: whose page, from which data, made when."""

    who: str
    likes: tuple[str, ...]
    data: str
    bundle: str
    made_on: date


def make_summary(facts: SummaryFacts, picks: Sequence[Pick], posters: Mapping[str, bytes]) -> str:
    """Return the page for the first films of a list.

    Parameters
    ----------
    posters : SVG documents by item id; films without one get a blank in its place
    """
    digest = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    likes = f"<p>Likes above all {escape(join_words(facts.likes))}.</p>" if facts.likes else ""
    films = "".join(_draw_film(pick, posters.get(pick.item_id)) for pick in picks[:MAX_PICKS])
    body = (films and f"<ol>{films}</ol>") or "<p>The list is empty.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Films for {escape(facts.who)}</title><style>{_STYLE}</style></head><body><main>"
        f"<header><h1>Films for {escape(facts.who)}</h1>{likes}"
        f'<p class="quiet">{escape(facts.data)} · {facts.made_on:%d %B %Y}</p>'
        '<p class="screen"><button id="print" type="button">Print or save as PDF</button></p></header>'
        f"{body}"
        "<footer><p>Match: the modelled chance that this viewer likes the film if they watch it; it is not a "
        "star rating. Reasons name what they watched before. Posters are generated artwork.</p>"
        f"<p>MovieRec, bundle {escape(facts.bundle)}</p></footer></main>"
        f"<script>{_SCRIPT}</script></body></html>"
    )


def _draw_film(pick: Pick, poster: bytes | None) -> str:
    title = escape(strip_year(pick))
    picture = '<span class="blank"></span>'
    if poster:
        source = b64encode(poster).decode()
        picture = f'<img src="data:image/svg+xml;base64,{source}" alt="Poster of {escape(pick.title)}">'
    facts = describe_movie(pick, n_genres=3)
    director = f" · {pick.director}" if pick.director else ""
    reasons = "".join(f"<li>{escape(reason.text)}</li>" for reason in pick.reasons[:MAX_REASONS])
    return (
        f"<li>{picture}<div><h2>{pick.rank}. {title}</h2>"
        f'<p class="quiet">{escape(facts + director)}</p>'
        f'<p class="match">{format_match(pick.match)} match</p>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}</div></li>"
    )
