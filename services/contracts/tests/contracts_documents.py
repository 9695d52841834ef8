"""Contracts as PDFs, and what a stranger reads in them with other people's programs."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import pypdfium2
from contracts.adapters import seal_key
from contracts.adapters.pdf_worker import Kind, Press
from contracts.domain.document import document_data, executed_data
from contracts.domain.party import Accounts
from contracts.domain.signature import Method, Signature
from contracts_builders import ACCOUNTS, BUYER, NOON, SELLER, a_deal, a_policy, a_seal
from contracts_schema.events.listings import Side
from contracts_schema.terms import canonical_json, sha256_hex
from pyhanko.keys.pemder import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

SOURCE: str = importlib.import_module(
    "contracts.migrations.versions.0008_template_for_pdf_a"
).SOURCE
FOOTER = TOP = 28 / 25.4 * 72
"""In points: what is nearer to the edge is header or footer."""
HEADING = "Annex: the canonical terms"


@cache
def _press() -> Press:
    import typst

    return Press(typst)


def a_document(*, executed: bool = False, accounts: Accounts = ACCOUNTS, **changes: Any) -> bytes:
    """The text that is signed, or the executed copy, of a deal with these changes.

    Made by the PDF worker's own code, in this process: starting another takes seconds.
    """
    request = {
        "source": SOURCE,
        "data": data_of(executed, accounts, **changes),
        "timestamp": int(NOON.timestamp()),
        "seal": a_seal(),
    }
    kind, made = _press().make(request)
    assert kind is Kind.PDF, made
    return made


def data_of(executed: bool = False, accounts: Accounts = ACCOUNTS, **changes: Any) -> str:
    """What the template is given."""
    terms = a_policy().terms(a_deal(**changes))
    signed = executed_data("5" * 64, two_signatures(terms.sha256())) if executed else None
    return document_data(terms, 2, NOON, accounts, signed)


def two_signatures(terms_sha256: str) -> list[Signature]:
    """The buyer signed in Discord, the seller a minute later over REST."""
    late = NOON + timedelta(minutes=1, seconds=7)
    return [
        Signature(BUYER, Side.BUYER, Method.DISCORD, terms_sha256, NOON, "i-1"),
        Signature(
            SELLER, Side.SELLER, Method.REST, terms_sha256, late, "r-1", "203.0.113.9", "curl/8"
        ),
    ]


def text_of(pdf: bytes) -> str:
    """All text between headers and footers, line by line."""
    return "\n".join(_texts(pdf))


def _texts(pdf: bytes) -> Iterator[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            top = page.get_height() - TOP + 4
            shown = page.get_textpage().get_text_bounded(bottom=FOOTER, top=top)
            yield shown.replace("\r\n", "\n").strip("\n")


def fills_of(pdf: bytes) -> list[float]:
    """How far down each page something stands, of the room between header and footer."""
    filled = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            text, height = page.get_textpage(), page.get_height()
            feet = [text.get_rect(number)[1] for number in range(text.count_rects())]
            lowest = min(foot for foot in feet if foot > FOOTER - 4)
            filled.append((height - TOP - lowest) / (height - TOP - FOOTER))
    return filled


def overflow_of(pdf: bytes) -> float:
    """How far text stands out of the margins to the left or right, in points; 0 if it does not."""
    margin, most = 26 / 25.4 * 72, 0.0
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            text, width = page.get_textpage(), page.get_width()
            for number in range(text.count_rects()):
                left, _, right, _ = text.get_rect(number)
                most = max(most, margin - left, right - (width - margin))
    return most


def annexed_terms(pdf: bytes) -> bytes:
    """The canonical terms, from the annex on the page alone, as its own words tell how."""
    _, _, annex = text_of(pdf).rpartition(HEADING)
    lines = annex[annex.index("\n{") + 1 :].split("\n")
    return canonical_json(json.loads("".join(lines)))


def seal_of(pdf: bytes, certificates: str = "") -> Any:
    """What pyHanko says of the seal to who trusts this certificate, or the platform's."""
    trusted = certificates or seal_key.read(a_seal()).published
    roots = list(load_certs_from_pemder_data(trusted.encode()))
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, ValidationContext(trust_roots=roots))


def is_sealed(pdf: bytes) -> bool:
    """Whether the seal holds; a file that cannot be read any more is not sealed."""
    try:
        return bool(seal_of(pdf).bottom_line)
    except Exception:
        return False


def hash_of_terms(**changes: Any) -> str:
    """The hash that the parties of this deal sign."""
    return sha256_hex(canonical_json(a_policy().terms(a_deal(**changes)).model_dump(mode="json")))
