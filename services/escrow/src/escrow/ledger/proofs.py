# ruff: noqa: S608 - every statement here is a constant of this file
"""Each proof is one read-only query that shows what contradicts it; none is the wish."""

from __future__ import annotations

from dataclasses import dataclass

from escrow.domain.ledger import Kind, Moment, counted_as

COUNTED = [
    (str(moment), str(kind), name)
    for moment in Moment
    for kind in Kind
    if (name := counted_as(moment, kind)) is not None
]
"""How postings add up to an escrow's amounts: the very rule that the escrow itself follows."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proven, and the query for what refutes it, in words; ``$1`` to ``$3`` are COUNTED."""

    name: str
    sql: str


_SUMS = """
WITH counted (moment, kind, name) AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[])),
sums AS (
    SELECT t.escrow_id, c.name,
        sum(CASE c.name WHEN 'received' THEN p.amount ELSE -p.amount END) AS amount
    FROM postings p JOIN ledger_transactions t USING (transaction_id)
    JOIN ledger_accounts a USING (account)
    JOIN counted c ON c.moment = t.moment AND c.kind = a.kind
    GROUP BY t.escrow_id, c.name
)
"""

_PAYABLE = """
WITH owed AS (
    SELECT t.escrow_id, -sum(p.amount) AS owed,
        coalesce(sum(p.amount) FILTER (WHERE t.moment LIKE 'payout%'), 0) AS gone
    FROM postings p JOIN ledger_transactions t USING (transaction_id)
    WHERE p.account LIKE 'payable:%' GROUP BY t.escrow_id
), ordered AS (
    SELECT escrow_id, coalesce(sum(amount) FILTER (WHERE state <> 'SUCCEEDED'), 0) AS open,
        coalesce(sum(amount) FILTER (WHERE state = 'SUCCEEDED'), 0) AS paid
    FROM payouts GROUP BY escrow_id
)
SELECT escrow_id || ' owes ' || coalesce(owed, 0) || ', has ordered ' || coalesce(open, 0)
    || '; paid ' || coalesce(gone, 0) || ', proven ' || coalesce(paid, 0) AS fault
FROM owed FULL JOIN ordered USING (escrow_id)
WHERE coalesce(owed, 0) <> coalesce(open, 0) OR coalesce(gone, 0) <> coalesce(paid, 0)
"""

PROOFS = (
    Proof(
        "every transaction balances in one currency",
        "SELECT transaction_id || ' sums to ' || coalesce(sum(amount), 0) || ' over '"
        " || count(amount) AS fault FROM ledger_transactions LEFT JOIN postings"
        " USING (transaction_id) GROUP BY transaction_id"
        " HAVING sum(amount) <> 0 OR count(DISTINCT currency) <> 1 OR count(amount) < 2",
    ),
    Proof(
        "the whole ledger sums to zero",
        "SELECT currency || ' sums to ' || sum(amount) AS fault FROM postings"
        " GROUP BY currency HAVING sum(amount) <> 0",
    ),
    Proof(
        "no account is below its floor",
        "SELECT account || ' stands at ' || balance || ' ' || currency AS fault FROM ("
        " SELECT account, currency, floor,"
        " sum(CASE normal WHEN 'debit' THEN amount ELSE -amount END) AS balance"
        " FROM postings JOIN ledger_accounts USING (account)"
        " GROUP BY account, currency, floor) b WHERE balance < floor",
    ),
    Proof(
        "per escrow: received = held + released + refunded + fees + surplus + debt + loss",
        _SUMS + "SELECT escrow_id || ' is off by ' || sum(CASE name WHEN 'received' THEN amount"
        " ELSE -amount END) AS fault FROM sums GROUP BY escrow_id"
        " HAVING sum(CASE name WHEN 'received' THEN amount ELSE -amount END) <> 0",
    ),
    Proof(
        "every escrow's amounts are what the ledger says",
        _SUMS + "SELECT e.escrow_id || ' says ' || v.name || ' is ' || v.amount || ', the ledger '"
        " || coalesce(s.amount, 0) AS fault FROM escrows e CROSS JOIN LATERAL (VALUES"
        " ('received', e.received), ('held', e.held), ('released', e.released),"
        " ('refunded', e.refunded), ('fees', e.fees), ('surplus', e.surplus), ('debt', e.debt),"
        " ('loss', e.loss)) v (name, amount)"
        " LEFT JOIN sums s ON s.escrow_id = e.escrow_id AND s.name = v.name"
        " WHERE v.amount <> coalesce(s.amount, 0)",
    ),
    Proof(
        "what came in is what the providers' payments show",
        "SELECT e.escrow_id || ' booked ' || b.booked || ' of ' || b.shown AS fault"
        " FROM escrows e CROSS JOIN LATERAL (SELECT"
        " coalesce((SELECT sum(p.amount) FROM postings p JOIN ledger_accounts a USING (account)"
        " JOIN ledger_transactions t USING (transaction_id) WHERE t.escrow_id = e.escrow_id"
        " AND a.kind = 'rail' AND t.moment IN ('funds_held', 'surplus', 'paid_late')), 0)"
        " AS booked, coalesce((SELECT sum(received) FROM payments y"
        " WHERE y.escrow_id = e.escrow_id AND y.state = 'PAID'), 0) AS shown) b"
        " WHERE b.booked <> b.shown",
    ),
    Proof(
        "what is owed is on its way, and what is paid was proven",
        _PAYABLE.strip(),
    ),
    Proof(
        "an end is proven by the provider",
        "SELECT e.escrow_id || ' is ' || e.state || ' without a proof' AS fault FROM escrows e"
        " WHERE e.state IN ('RELEASED', 'REFUNDED', 'SETTLED') AND NOT EXISTS (SELECT"
        " FROM payouts o WHERE o.escrow_id = e.escrow_id AND o.provider_id IS NOT NULL"
        " AND o.tranche IS NOT NULL) AND NOT (e.state = 'REFUNDED'"
        " AND NOT EXISTS (SELECT FROM payouts o WHERE o.escrow_id = e.escrow_id"
        " AND o.tranche IS NOT NULL) AND EXISTS (SELECT FROM chargebacks c"
        " WHERE c.escrow_id = e.escrow_id AND c.from_held > 0))",
    ),
    Proof(
        "fees are those of the released tranches",
        "SELECT e.escrow_id || ' took ' || e.fees || ' of ' || coalesce(f.due, 0) AS fault"
        " FROM escrows e LEFT JOIN (SELECT escrow_id, sum(seller_fee + buyer_fee) AS due"
        " FROM tranches WHERE outcome = 'RELEASE' GROUP BY escrow_id) f USING (escrow_id)"
        " WHERE e.state <> 'SETTLED' AND e.state <> 'SETTLING' AND e.fees <> coalesce(f.due, 0)",
    ),
)

BALANCES = """
SELECT kind, currency, sum(CASE normal WHEN 'debit' THEN amount ELSE -amount END) AS sum
FROM postings JOIN ledger_accounts USING (account) GROUP BY kind, currency ORDER BY kind, currency
"""
