from __future__ import annotations

import re

import pytest
from discord_gateway.domain.escaping import escaped, plain, visible
from hypothesis import given
from hypothesis import strategies as st

ATTACKS = {
    "everyone": ("@everyone buy", "@\u200beveryone buy"),
    "here": ("@HERE", "@\u200bHERE"),
    "user mention": ("<@123456789012345678>", "\\<@123456789012345678>"),
    "role mention": ("<@&1>", "\\<@&1>"),
    "masked link": ("[Holdfast](https://evil.example)", "\\[Holdfast](https://evil.example)"),
    "bold": ("**paid**", "\\*\\*paid\\*\\*"),
    "italics": ("_paid_", "\\_paid\\_"),
    "spoiler": ("||x||", "\\|\\|x\\|\\|"),
    "strike": ("~~4000~~ 1", "\\~\\~4000\\~\\~ 1"),
    "code block": ("```\nescrow: released\n```", "\\`\\`\\`\nescrow: released\n\\`\\`\\`"),
    "heading": ("# PAID", "\\# PAID"),
    "small print": ("x\n-# fine", "x\n\\-# fine"),
    "quote": ("> said", "\\> said"),
    "list": ("1. one", "1\\. one"),
    "escape of the escape": ("\\*x\\*", "\\\\\\*x\\\\\\*"),
    "bidi": ("pay \u202eeciohc\u202c", "pay eciohc"),
    "zero width": ("pay\u200bpal", "paypal"),
    "zalgo": ("a" + "\u0301" * 40, "a" + "\u0301" * 3),
    "control": ("a\x00b\x07c", "abc"),
    "lines": ("a\n\n\n\n\n\nb", "a\n\nb"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_by_text_is_shown_as_what_it_is(name):
    written, shown = ATTACKS[name]

    assert escaped(written, 1000) == shown


def test_ids_and_timestamps_stay_as_they_are():
    assert escaped("lst_01ab until <t:1790000000:R>", 99) == "lst_01ab until <t:1790000000:R>"


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_no_text_is_longer_than_its_limit_or_cut_within_an_escape(text, limit):
    shown = escaped(text, limit)

    assert len(shown) <= limit
    body = shown.removesuffix("…")
    assert (len(body) - len(body.rstrip("\\"))) % 2 == 0


@given(st.text())
@pytest.mark.abuse("I2")
def test_no_text_keeps_a_formatting_character_unescaped(text):
    assert not re.search(r"(?<!\\)(?:\\\\)*[*~`|\[]", escaped(text, 10_000))


@given(st.text(), st.integers(min_value=1, max_value=100))
def test_a_label_is_one_line_of_the_length_allowed(text, limit):
    shown = plain(text, limit)

    assert "\n" not in shown
    assert len(shown) <= limit


@pytest.mark.abuse("I2")
def test_what_hides_is_taken_out_before_anything_else():
    assert visible(" \ufeffa\u2028b ") == "ab"
