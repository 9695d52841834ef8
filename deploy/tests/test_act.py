"""What `./holdfast act` reads and shows: its words, web pages and cards."""

from datetime import UTC, datetime

import pytest
from holdfast.act import grammar, screen
from holdfast.act.grammar import Misread, Pressed, Transferred, Typed
from holdfast.act.page import Page, Unanswered, choices

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOGIN = """<title>Log in</title><style>p {}</style><h1>Log in</h1>
<p>It asks for <b>one</b> &amp; two.
<form method="post" action="/go"><input type="hidden" name="state" value="s1">
<label><input type="radio" name="user_id" value="7"> Sela (@sela)</label>
<label><input type="radio" name="user_id" value="8"> Bob (@bob)</label>
<select name="colour"><option value="r">Red<option value="g" selected>Green</select>
<input name="phrase" required><button name="decision" value="approve">Allow</button>
<button name="decision" value="deny">Cancel</button></form>"""


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        (["/signup"], [Typed("signup")]),
        (["/listing", "create", "price=1"], [Typed("listing create", {"price": "1"})]),
        (["/listing create", "a=b=c"], [Typed("listing create", {"a": "b=c"})]),
        (["/link", "press", "Open it"], [Typed("link"), Pressed("Open it")]),
        (["press", "A", "x=1", "B"], [Pressed("A", values={"x": "1"}), Pressed("B")]),
        (["press", "A", "on", "Pet Island", "x="], [Pressed("A", "Pet Island", {"x": ""})]),
        (["transfer", "Pet", "Island", "to=buyer"], [Transferred("Pet Island", "buyer")]),
        (["press", "A", "/ping"], [Pressed("A"), Typed("ping")]),
    ],
)
def test_words_are_steps(words, steps):
    assert grammar.read(words) == steps


@pytest.mark.parametrize(
    "words", [["signup"], ["press"], ["press", "x=1"], ["transfer", "Pet"], ["x=1"], [""]]
)
def test_words_that_mean_nothing_are_refused(words):
    with pytest.raises(Misread):
        grammar.read(words)


@pytest.mark.parametrize("form", grammar.FORMS)
def test_the_forms_that_are_shown_can_be_typed(form):
    import shlex

    assert grammar.read(shlex.split(form))


def test_a_page_is_its_title_what_it_says_and_its_form():
    page = Page.read(LOGIN)

    assert page.title == "Log in"
    assert page.lines == ["Log in", "It asks for one & two."]
    assert page.form.action == "/go"
    assert list(choices(page.form)) == [
        "user_id: 7, 8", "colour: r, g", "phrase", "decision: approve, deny",
    ]  # fmt: skip


def test_a_form_is_answered_with_ones_own_account_and_what_stands_there():
    form = Page.read(LOGIN).form

    sent, button = form.filled({"phrase": "yes"}, frozenset({"8"}))

    assert sent == {
        "state": "s1", "user_id": "8", "colour": "g", "phrase": "yes", "decision": "approve",
    }  # fmt: skip
    assert button == "Allow"


def test_what_is_given_goes_before_by_value_or_by_label():
    form = Page.read(LOGIN).form
    given = {"phrase": "yes", "user_id": "sela (@sela)", "colour": "R", "decision": "cancel"}

    sent, button = form.filled(given, frozenset({"8"}))

    assert (sent["user_id"], sent["colour"], sent["decision"]) == ("7", "r", "deny")
    assert button == "Cancel"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "asks for phrase"),
        ({"phrase": "yes", "colour": "blue"}, "colour has no 'blue': there are r, g"),
        ({"phrase": "yes", "decision": "maybe"}, "there are approve, deny"),
    ],
)
def test_a_form_that_cannot_be_answered_says_what_it_asks_for(given, told):
    with pytest.raises(Unanswered, match=told):
        Page.read(LOGIN).form.filled(given, frozenset({"8"}))


def test_a_page_asks_whose_account_it_is_where_none_is_ones_own():
    with pytest.raises(Unanswered, match="user_id: 7, 8"):
        Page.read(LOGIN).form.filled({"phrase": "yes"}, frozenset())


def message(text, *buttons, ephemeral=True):
    return {
        "channel": {"kind": "guild", "name": "market"}, "ephemeral": ephemeral, "text": text,
        "attachments": [], "buttons": list(buttons),
    }  # fmt: skip


def button(label, url=None, style="primary", disabled=False):
    return {"label": label, "url": url, "style": style, "disabled": disabled}


def test_a_card_reads_without_discord_s_marks_and_fits_the_terminal():
    text = (
        "### A \\*title\\*\n-# \\[Offer] → Contract\n**Your turn.**\nDeadline: <t:1795435200:R>\n"
    )
    shown = screen.card(
        message(text + "word " * 40, button("Sign"), button("Off", disabled=True)), NOW
    )

    lines = [it.plain for it in shown]

    assert lines[0].startswith("-- #market, only you see this --")
    assert lines[1:5] == [
        "  A *title*", "  [Offer] → Contract", "  Your turn.", "  Deadline: in 1 day",
    ]  # fmt: skip
    assert lines[-1] == "  [Sign]"
    assert max(map(len, lines)) <= screen.WIDTH


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "in 0 seconds"), (-90, "2 minutes ago"), (3600, "in 1 hour"), (604_800, "in 7 days")],
)
def test_a_moment_is_told_as_far_away_as_it_is(seconds, told):
    assert screen.moment(int(NOW.timestamp()) + seconds, NOW) == told


@pytest.mark.parametrize(
    ("buttons", "label"),
    [
        ([], ""),
        ([button("View", style="secondary"), button("Pay")], "Pay"),
        ([button("Yes", style="danger")], "Yes"),
        ([button("Refund", style="danger"), button("View", style="secondary")], ""),
        ([button("Pay", disabled=True)], ""),
    ],
)
def test_the_obvious_button_is_the_leading_one_or_the_only_yes(buttons, label):
    assert screen.obvious(message("x", *buttons)) == label


@pytest.mark.parametrize(
    ("word", "typed"),
    [("Accept", "Accept"), ("Yes, accept", '"Yes, accept"'), ('a "b" $c', "'a \"b\" $c'")],
)
def test_a_label_is_quoted_as_a_shell_takes_it(word, typed):
    assert screen.quoted(word) == typed
