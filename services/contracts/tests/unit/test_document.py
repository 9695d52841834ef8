"""The documents as a stranger reads them: who, by what names, signed when and how, and sealed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import unicodedata

import pytest
from contracts.adapters.glyphs import shown
from contracts.adapters.seal_key import read
from contracts.domain.party import Account
from contracts_builders import ACCOUNTS, BUYER, NOON, SELLER, a_deal, a_policy, a_seal
from contracts_documents import (
    SOURCE,
    a_document,
    annexed_terms,
    data_of,
    fills_of,
    hash_of_terms,
    is_sealed,
    overflow_of,
    seal_of,
    text_of,
)
from contracts_schema.terms import canonical_json
from holdfast.seal import make_seal
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel

LONGEST = {"title": "w" * 255, "conditions": "q" * 500}
A_SPACE = 4.0
"""How wide one is, in points: a line may end with one beyond the margin, where nobody sees it."""
TYPED = {
    "nothing": {"conditions": ""},
    "words": {"title": "Blox Harbor Tycoon", "conditions": "Long words of ours. " * 25},
    "one long word": LONGEST,
    "right to left": {"title": "مرحبا בעולם abc 123", "conditions": "مرحبا بالعالم " * 30},
    "Chinese": {"title": "안녕하세요 こんにちは 你好 Ω ∑", "conditions": "你好" * 250},
    "emoji": {"title": "Harbor 👍🏽 👨‍👩‍👧 🚀", "conditions": "👍🏽" * 120},
    "no font": {"title": "தமிழ் བོད 🫨", "conditions": "தமிழ் " * 80},
    "marks upon marks": {"title": "Z̸̢̛͔a̷͙̋l̶̰͝g̵̱͐o" * 9, "conditions": "ก͔͂ अ͔͂ x้ " * 40},
    "lines": {"conditions": "a\n" * 250},
    "hidden": {"title": "pay \u202e00.001$\u202c \u200b\u2060\ufeff", "conditions": "\u00ad" * 99},
}


def test_the_parties_are_named_beside_their_ids_in_both_documents():
    texts = [text_of(a_document(executed=copy)) for copy in (False, True)]

    for text in texts:
        for user_id in (SELLER, BUYER):
            assert user_id in text
            for account in ACCOUNTS[user_id]:
                words = f"{account.provider.capitalize()} {account.name} · id {account.account_id}"
                assert words in text


def test_the_executed_copy_shows_who_signed_when_and_how_and_nobodys_address():
    plain = text_of(a_document())
    text = text_of(a_document(executed=True))

    signatures = text[text.index("Signed by") : text.index("Annex")]
    buyer, seller = re.split(r"\nSeller ", signatures)
    for part, user_id, when, how in (
        (buyer, BUYER, "2026-11-21 12:00:00 UTC", "typed I AGREE in Discord"),
        (seller, SELLER, "2026-11-21 12:01:07 UTC", "sent I AGREE over the REST interface"),
    ):
        assert user_id in part
        assert f"When {when}" in part
        assert f"How {how}" in part
        assert hash_of_terms() in part
        assert ACCOUNTS[user_id][0].name in part
    assert "5" * 64 in signatures
    assert "Both had signed 2026-11-21 12:01:07 UTC" in signatures
    assert "Signed by" not in plain
    for secret in ("203.0.113.9", "curl", "r-1", "i-1"):
        assert secret not in text.replace("usr-", "")


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("typed", TYPED)
def test_the_annex_alone_gives_back_the_terms_that_are_signed(typed, executed):
    pdf = a_document(executed=executed, **TYPED[typed])

    terms = a_policy().terms(a_deal(**TYPED[typed]))
    written = canonical_json(terms.model_dump(mode="json"))
    assert annexed_terms(pdf) == written
    assert hashlib.sha256(written).hexdigest() == terms.sha256()
    assert terms.sha256() in text_of(pdf)


@pytest.mark.parametrize("typed", TYPED)
def test_no_page_is_left_half_empty_and_nothing_leaves_it(typed):
    long_names = {
        user_id: tuple(Account(one.provider, "9" * 20, "W" * 32) for one in known)
        for user_id, known in ACCOUNTS.items()
    }
    for executed in (False, True):
        for accounts in (ACCOUNTS, long_names, {}):
            pdf = a_document(executed=executed, accounts=accounts, **TYPED[typed])

            assert min(fills_of(pdf)) > 0.5, (executed, fills_of(pdf))
            assert overflow_of(pdf) < A_SPACE


def test_no_length_of_the_conditions_leaves_a_page_half_empty():
    fills = {}
    for length in range(0, 501, 50):
        for executed in (False, True):
            conditions = ("wordy " * 100)[:length]
            pdf = a_document(executed=executed, conditions=conditions)
            fills[length, executed] = min(fills_of(pdf))

    assert min(fills.values()) > 0.5, fills


@pytest.mark.parametrize("typed", TYPED)
def test_nothing_is_on_the_page_that_cannot_be_seen(typed):
    """Joiners, which scripts and emoji need, stay where a party typed them: not in the annex."""
    text = text_of(a_document(executed=True, **TYPED[typed]))

    unseen = {one for one in text if unicodedata.category(one) in {"Cf", "Cc", "Co"}} - {"\n"}
    assert unseen <= {"\u200c", "\u200d"} & set("".join(TYPED[typed].values()))
    assert text.rpartition("Annex")[2].isascii()


def test_what_no_font_shows_is_spelled_out_and_does_not_vanish():
    text = text_of(a_document(title="Key தமிழ் 🫨", conditions="x" + "\u0f40"))

    assert "⟨U+0BA4⟩" in text
    assert "⟨U+1FAE8⟩" in text
    assert "x⟨U+0F40⟩" in text


def test_the_marks_of_pdf_a_stand_in_the_sealed_file():
    reader = PdfFileReader(io.BytesIO(a_document(executed=True, **TYPED["emoji"])))

    metadata = reader.root["/Metadata"].data.decode()
    assert re.search(r"pdfaid:part[=>\"]+2\b", metadata)
    assert re.search(r"pdfaid:conformance[=>\"]+B\b", metadata)
    assert len(reader.root["/OutputIntents"]) == 1
    intent = reader.root["/OutputIntents"][0]
    assert intent["/S"] == "/GTS_PDFA1"
    assert len(intent["/DestOutputProfile"].data) > 200
    assert "/Names" not in reader.root or "/EmbeddedFiles" not in reader.root["/Names"]
    assert "/Version" not in reader.root
    assert "/Encrypt" not in reader.trailer
    fonts = list(_fonts(reader))
    assert len(fonts) >= 4
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)
    assert len(reader.root["/AcroForm"]["/Fields"]) == 1
    field = reader.root["/AcroForm"]["/Fields"][0]
    assert field["/F"] & 0b100110 == 0b100, "printed, neither hidden nor invisible"
    assert "/NeedAppearances" not in reader.root["/AcroForm"]


def _fonts(reader: PdfFileReader):
    """The descriptors of all fonts that the pages use."""
    pages = reader.root["/Pages"]["/Kids"]
    for number in range(len(pages)):
        fonts = pages[number]["/Resources"]["/Font"]
        for name in fonts:
            yield fonts[name]["/DescendantFonts"][0]["/FontDescriptor"]


def test_the_seal_covers_the_whole_file_and_one_changed_byte_breaks_it():
    pdf = a_document()

    told = seal_of(pdf)
    assert told.bottom_line
    assert told.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert told.signing_cert.subject.native == {"common_name": "Holdfast development seal"}
    places = range(9, len(pdf), len(pdf) // 15)
    zeros = _room_for_the_signature(pdf)
    changed = [pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :] for at in places if at not in zeros]
    assert len(changed) > 10
    assert [is_sealed(one) for one in changed] == [False] * len(changed)
    assert not is_sealed(pdf.replace(b"/Reason", b"/Reasom", 1))
    appended = seal_of(pdf + b"\n%more")
    assert appended.coverage is not SignatureCoverageLevel.ENTIRE_FILE


def _room_for_the_signature(pdf: bytes) -> range:
    start = pdf.rindex(b"/Contents <")
    return range(start, pdf.index(b">", start) + 1)


def test_the_seal_of_another_is_not_the_platforms():
    pdf = a_document()

    assert not (seal_of(pdf, read(make_seal()).published)).bottom_line


async def test_the_same_text_and_moment_are_the_same_sealed_bytes_in_any_process(typesetter):
    made = await asyncio.to_thread(a_document)
    again = await typesetter.typeset(SOURCE, data_of(), NOON)
    sample = await typesetter.try_out(SOURCE, data_of(), NOON)

    assert made == again
    assert made.startswith(sample)
    assert PdfFileReader(io.BytesIO(sample)).embedded_signatures == []


def test_text_without_a_font_is_spelled_out_wherever_it_stands():
    value = {"a": ["x\u0bae", {"b": "安👍\u200d\n"}], "n": None}

    assert shown(value) == {"a": ["x⟨U+0BAE⟩", {"b": "安👍\u200d\n"}], "n": None}
    assert shown("é안\u0301", plain=True) == "é⟨U+C548⟩⟨U+0301⟩"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("", "must hold"),
        ("not PEM", "must hold"),
        (a_seal().partition("-----BEGIN CERTIFICATE")[0], "must hold"),
        (a_seal().partition("-----BEGIN CERTIFICATE")[2], "must hold"),
    ],
    ids=["empty", "words", "no certificate", "no key"],
)
def test_a_seal_that_is_none_is_refused_when_the_service_starts(wrong, told):
    with pytest.raises(ValueError, match=told):
        read(wrong)


def test_a_key_and_the_certificate_of_another_are_no_seal():
    key, mark, _ = make_seal().partition("-----BEGIN CERTIFICATE")
    other = a_seal().partition(mark)[2]

    with pytest.raises(ValueError, match="not that of its private key"):
        read(key + mark + other)
