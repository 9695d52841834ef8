"""`./holdfast act`: a person at a terminal makes a whole trade, as the README says."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from e2e_checks import MONEY, the_books_hold

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
[BY_HAND] = re.findall(r"^## Trade by hand$.*?^```sh\n(.*?)^```$", README, re.M | re.S)
WAIT_S = 240


def shell(instance, line):
    environment = {
        **os.environ, "HOLDFAST_INSTANCE": instance.name, "HOLDFAST_ACT_WAIT_S": "90",
        "LC_ALL": "C", "COLUMNS": "80",
    }  # fmt: skip
    return subprocess.run(
        ["sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8",
        timeout=WAIT_S, check=False,
    )  # fmt: skip


def act(instance, words):
    return shell(instance, f"./holdfast act {words}")


@pytest.fixture
def newcomers(system, instance):
    done = act(instance, "--new-people")
    assert done.returncode == 0, done.stderr


async def test_the_readme_s_lines_are_a_whole_trade(newcomers, scenario, system, instance):
    lines = BY_HAND.splitlines()
    assert 12 <= len(lines) <= 16

    for line in lines:
        if "payment page" in line:
            refused = shell(instance, f"{line} payment_method=pm_card_chargeDeclined")
            assert "Your card was declined" in refused.stderr
        done = shell(instance, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        wide = [it for it in done.stdout.splitlines() if len(it) > 80 and "://" not in it]
        assert wide == [], line

    released = await scenario.system.events.wait("escrow.released.v1")
    body = released.body
    ours = {"buyer_paid": body["paid"], "seller_received": body["net"], "fee": body["fee"]}
    books = await scenario.system.outside.books(str(body["escrow_id"]))
    assert {name: it["minor"] for name, it in ours.items()} == MONEY
    assert {name: books[name] for name in MONEY} == MONEY
    await the_books_hold(instance, system)


def test_up_ends_with_commands_that_work(newcomers, instance):
    said = shell(instance, "./holdfast up").stderr

    commands = re.findall(r"^  (\./holdfast.* act .*)$", said, re.M)
    done = [shell(instance, command) for command in commands]

    assert len(commands) == 3
    assert all(it.returncode == 0 for it in done), [it.stderr for it in done]
    assert "Your Roblox account is linked" in done[-1].stdout


def test_who_and_what_is_not_there_is_told_with_what_is(newcomers, instance):
    act(instance, "seller /signup")
    wrong = {
        "sellr": ("'sellr'", "act seller"),
        "seller foo": ("'foo'", "/listing create"),
        "seller /listing creat": ("/listing creat", "/listing create"),
        "seller --wait 1 press Accept": ("[Accept]", "[I agree]"),
        'seller --wait 1 press "I agree" on Pirates': ("'Pirates'", "[I agree]"),
        "seller /listing create": ("game is needed", "Discord suggests"),
        "seller transfer Nothing to=buyer": ("'Nothing'", "Pet Island"),
        'seller transfer "Pet Island" to=eve': ("eve", "buyer"),
    }

    for words, (cause, next_step) in wrong.items():
        done = act(instance, words)
        assert done.returncode == 1, words
        told, _, following = done.stderr.partition("next:")
        assert cause in told, done.stderr
        assert next_step in following, done.stderr
    agreed = act(instance, 'seller press "i agree" on "Join Holdfast"')
    assert "Welcome to Holdfast" in agreed.stdout


def joined(instance, role):
    for words in ('/signup press "I agree"', '/link press "Open the linking page"'):
        done = act(instance, f"{role} {words}")
        assert done.returncode == 0, done.stderr


def test_a_form_that_lacks_something_is_shown_and_nothing_is_sent(newcomers, instance):
    joined(instance, "seller")
    create = 'seller /listing create game="Sky Racers"'

    lacking = act(instance, create)
    unknown = act(instance, f"{create} title=Sky price=1 colour=red")
    cards = act(instance, "seller --last 50")

    assert lacking.returncode == unknown.returncode == 1
    assert "needs title, price" in lacking.stderr
    assert "has no colour" in unknown.stderr
    for it in (lacking, unknown):
        assert re.search(r"title +Title: 1 to 255 characters", it.stdout)
        assert re.search(r"delivery_window .*'7d' if not given", it.stdout)
    assert "checking ownership" not in cards.stdout


def test_pages_say_no_in_words_and_what_they_can_be_answered_with(newcomers, instance):
    act(instance, 'buyer /signup press "I agree"')
    link = 'buyer /link press "Open the linking page"'

    denied = act(instance, f"{link} decision=deny")
    unknown = act(instance, f"{link} decision=perhaps")
    again = act(instance, link)

    assert denied.returncode == unknown.returncode == 1
    assert "<" not in denied.stderr
    assert "there are approve, deny" in unknown.stderr
    assert again.returncode == 0, again.stderr
    assert "Your Roblox account is linked" in again.stdout


def test_who_acts_where_nothing_runs_is_told_to_start_it(instance):
    done = subprocess.run(
        ["./holdfast", "--instance", "nobody", "act", "seller"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S,
    )  # fmt: skip

    assert done.returncode == 1
    assert "./holdfast --instance nobody up" in done.stderr
