"""Division, drawing, and entries: nothing is lost, and nothing is added."""

from __future__ import annotations

import pytest
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee, TrancheTerms
from escrow.domain import errors
from escrow.domain.chargeback import borne
from escrow.domain.ledger import Amounts, Books, Entry, Moment, Taken
from escrow.domain.outcome import if_refunded, if_released, tranches_of
from escrow.domain.payout import MOVES, Charge, Payout, PayoutKind, PayoutState, draw
from escrow.domain.terms import open_escrow, require_currency
from escrow_builders import FEE, NET, NOON, PRICE, some_terms, usd
from hypothesis import given
from hypothesis import strategies as st

CENTS = st.integers(min_value=1, max_value=10**9)
FEES = st.builds(Fee, basis_points=st.integers(0, 10_000), fixed_minor=st.integers(0, 10_000))
BOOKS = Books("esc_1", "STRIPE", "usr_b", "usr_s")


@pytest.mark.invariant("V22")
def test_the_fee_is_the_published_formula():
    divided = if_released(tranches_of(some_terms()), Currency.USD)

    assert (divided.seller, divided.fee, divided.buyer) == (usd(NET), usd(FEE), usd(0))


@pytest.mark.invariant("V22")
@given(parts=st.lists(CENTS, min_size=1, max_size=6), seller_fee=FEES, buyer_fee=FEES)
def test_tranches_share_the_fee_without_a_rest(parts, seller_fee, buyer_fee):
    terms = some_terms(
        price=sum(parts),
        seller_fee=seller_fee,
        buyer_fee=buyer_fee,
        tranches=tuple(TrancheTerms(number=n, amount=usd(p)) for n, p in enumerate(parts, 1)),
    )
    tranches = tranches_of(terms)

    released = if_released(tranches, Currency.USD)
    refunded = if_refunded(tranches, Currency.USD)

    assert released.fee == seller_fee.of(terms.price) + buyer_fee.of(terms.price)
    assert released.total == refunded.total == refunded.buyer
    assert released.total == terms.price + buyer_fee.of(terms.price)
    assert all(each.seller_fee <= each.amount for each in tranches)


@given(sources=st.lists(CENTS, min_size=1, max_size=5), share=st.integers(0, 100))
def test_drawing_takes_exactly_the_amount_and_never_more_than_a_payment_has(sources, share):
    known = [Charge(f"pay_{n}", f"ch_{n}", usd(minor)) for n, minor in enumerate(sources)]
    amount = sum(sources) * share // 100

    drawn, rest = draw(usd(amount), known)

    assert sum(part.left.minor for part in drawn) == amount
    assert sum(charge.left.minor for charge in rest) == sum(sources) - amount
    left = {source.payment_id: source.left for source in known}
    assert all(usd(0) < part.left <= left[part.payment_id] for part in drawn)


def test_more_than_was_paid_in_cannot_be_drawn():
    with pytest.raises(ValueError, match="more is to be paid out"):
        draw(usd(11), [Charge("pay_1", "ch_1", usd(10))])


@pytest.mark.invariant("V3")
@given(received=CENTS, early=CENTS, over=st.integers(0, 10**6), fee=st.integers(0, 10**6))
def test_every_moment_balances_and_the_amounts_add_up_after_each(received, early, over, fee):
    agreed = usd(max(received + early - over, 1))
    net, taken = usd(agreed.minor - min(fee, agreed.minor)), usd(min(fee, agreed.minor))
    taken_back = Taken(usd(0), usd(early), agreed, usd(over))
    entries = [
        BOOKS.kept_as_surplus("pay_1", usd(early)),
        BOOKS.funds_held("pay_2", usd(received), agreed, usd(early)),
        BOOKS.provider_fee("pay_2", usd(fee + 1)),
        BOOKS.provider_fee_returned("pay_2", usd(fee + 1)),
        BOOKS.release_decided("esc_1:1", net, taken),
        BOOKS.payout_proven("pyo_1", net, True),
        BOOKS.kept_as_surplus("pay_3", usd(early)),
        BOOKS.chargeback("dp_1", taken_back),
        BOOKS.chargeback_won("dp_1", taken_back),
    ]
    amounts = Amounts()
    for entry in entries:
        amounts = amounts.after(entry)
        assert sum(posting.minor for posting in entry.postings) == 0
        assert amounts.balanced

    assert (amounts.released, amounts.fees, amounts.held) == (net.minor, taken.minor, 0)


def test_an_entry_that_does_not_balance_cannot_be_made():
    whole = BOOKS.refund_decided("esc_1:1", usd(5))

    with pytest.raises(ValueError, match="does not balance"):
        Entry("esc_1", Moment.REFUND, "x", Currency.USD, whole.postings[:1])


def test_accounts_are_named_as_the_specification_names_them():
    accounts = (BOOKS.rail, BOOKS.escrow, BOOKS.to_seller, BOOKS.to_buyer, BOOKS.fee_income)
    accounts += (BOOKS.provider_fees, BOOKS.surplus, BOOKS.receivable, BOOKS.chargeback_loss)

    assert [account.name for account in accounts] == [
        "rail:stripe",
        "escrow:esc_1",
        "payable:seller:esc_1",
        "payable:buyer:esc_1",
        "fee_income",
        "provider_fees",
        "surplus:usr_b",
        "receivable:usr_s",
        "chargeback_loss",
    ]
    assert BOOKS.rail.floor is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"buyer_id": some_terms().seller_id}, "one person"),
        ({"tranches": (TrancheTerms(number=1, amount=usd(1)),)}, "add up"),
        ({"tranches": (TrancheTerms(number=2, amount=usd(PRICE)),)}, "numbered"),
        (
            {"tranches": (TrancheTerms(number=1, amount=Money(PRICE, Currency.USDC)),)},
            "another currency",
        ),
        ({"seller_fee": Fee(basis_points=10_000, fixed_minor=0)}, "nothing for the seller"),
    ],
)
def test_terms_that_cannot_be_kept_open_nothing(changes, why):
    terms = some_terms().model_copy(update=changes)

    with pytest.raises(errors.TermsRefused, match=why):
        open_escrow("esc_1", terms, terms.sha256(), NOON)


def test_a_price_in_a_currency_that_the_rail_is_not_paid_in_opens_nothing():
    terms = some_terms().model_copy(update={"price": Money(PRICE, Currency.USDC)})

    with pytest.raises(errors.TermsRefused, match="STRIPE is paid in USD here, not in USDC"):
        require_currency(terms, {Currency.USD})
    require_currency(terms, {Currency.USD, Currency.USDC})


def test_terms_that_were_not_signed_open_nothing():
    signed = some_terms()
    changed = some_terms(price=PRICE - 1)

    with pytest.raises(errors.TermsRefused, match="not what was signed"):
        open_escrow("esc_1", changed, signed.sha256(), NOON)


def a_payout(**changes) -> Payout:
    values = {
        "payout_id": "pyo_1",
        "escrow_id": "esc_1",
        "kind": PayoutKind.RELEASE,
        "payment_id": "pay_1",
        "amount": usd(NET),
        "charge_id": "ch_1",
        "created_at": NOON,
        "returned": usd(0),
        "tranche": 1,
    }
    return Payout(**values | changes)


@pytest.mark.parametrize("state", list(PayoutState))
@pytest.mark.parametrize("to", list(PayoutState))
def test_a_payout_moves_only_as_its_table_says(state: PayoutState, to: PayoutState):
    payout = a_payout(state=state)
    if to in MOVES[state]:
        payout._move(to)
        assert payout.state is to
    else:
        with pytest.raises(ValueError, match="does not become"):
            payout._move(to)


def test_a_key_is_kept_in_doubt_and_changed_only_when_it_is_used_up():
    payout = a_payout()
    first = payout.key
    payout.send(NOON)
    payout.doubt("no reply", answered=False)
    payout.absent(NOON)
    assert payout.key == first
    payout.send(NOON)
    payout.doubt("500", answered=True)
    payout.absent(NOON)

    assert first == "escrow:esc_1:release.1.pay_1:1"
    assert payout.key == "escrow:esc_1:release.1.pay_1:2"


@pytest.mark.parametrize(
    ("amounts", "parts"),
    [
        (Amounts(received=PRICE + 7, held=PRICE, surplus=7), (PRICE, 0, 0, 0)),
        (Amounts(received=100, held=70, surplus=30), (70, 30, 0, PRICE - 100)),
        (Amounts(received=PRICE, released=PRICE - 5, fees=5), (0, 0, PRICE, 0)),
        (Amounts(received=0, released=PRICE, debt=-PRICE), (0, 0, 0, PRICE)),
        (Amounts(received=PRICE, refunded=PRICE), (0, 0, 0, PRICE)),
        (Amounts(received=0, refunded=PRICE, loss=-PRICE), (0, 0, 0, PRICE)),
        (Amounts(received=9, refunded=9), (0, 0, 0, PRICE)),
    ],
)
def test_a_chargeback_is_borne_by_what_is_here_then_by_who_had_it_then_by_the_platform(
    amounts, parts
):
    terms = some_terms()
    escrow = open_escrow("esc_1", terms, terms.sha256(), NOON)
    escrow.amounts = amounts

    taken = borne(escrow, usd(PRICE))

    assert taken == Taken(*(usd(part) for part in parts))
    escrow.book(escrow.books.chargeback("dp_1", taken))
    assert escrow.amounts.balanced
    escrow.book(escrow.books.chargeback_won("dp_1", taken))
    assert escrow.amounts == amounts
