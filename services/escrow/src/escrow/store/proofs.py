"""What would refute the books, some escrows at a time: each proof shows what contradicts it.

Every query reads only what belongs to the escrows that it is asked about, so that none grows with
the ledger.
"""

from __future__ import annotations

from chassis.storage.sql import statement
from sqlalchemy import Text, column, literal_column, select, text, union_all

from escrow.domain.ledger import Kind, Moment, counted_as

MOST_FAULTS = 20
BALANCES = "every transaction balances in one currency"
WHOLE = "the whole ledger sums to zero"
FLOORS = "no account is below its floor"
ADD_UP = "per escrow: received = held + released + refunded + fees + surplus + debt + loss"
AMOUNTS = "every escrow's amounts are what the ledger says"
CAME_IN = "what came in is what the providers' payments show"
OWED = "what is owed is on its way, and what is paid was proven"
PROVEN = "an end is proven by the provider"
FEES = "fees are those of the released tranches"
RUNNING = "every running balance is the sum of its postings"
PROOFS = (BALANCES, WHOLE, FLOORS, ADD_UP, AMOUNTS, CAME_IN, OWED, PROVEN, FEES, RUNNING)

_COUNTED = [
    (str(moment), str(kind), name)
    for moment in Moment
    for kind in Kind
    if (name := counted_as(moment, kind)) is not None
]
RULE = dict(zip(("moments", "kinds", "names"), map(list, zip(*_COUNTED, strict=True)), strict=True))
"""How postings add up to an escrow's amounts: the very rule that the escrow itself follows."""

_READ = {
    "chosen": "SELECT * FROM escrows WHERE escrow_id = ANY(CAST(:escrow_ids AS text[]))",
    "lines": """
        SELECT entry.escrow_id, transaction_id, moment, account, currency, amount, kind, normal,
            floor
        FROM ledger_transactions AS entry
        LEFT JOIN postings USING (transaction_id) LEFT JOIN ledger_accounts USING (account)
        WHERE entry.escrow_id = ANY(CAST(:escrow_ids AS text[]))""",
    "sums": """
        SELECT escrow_id, name,
            sum(CASE name WHEN 'received' THEN amount ELSE -amount END) AS amount
        FROM lines JOIN unnest(
            CAST(:moments AS text[]), CAST(:kinds AS text[]), CAST(:names AS text[]))
            AS counted (moment, kind, name) USING (moment, kind)
        GROUP BY escrow_id, name""",
    "own": """
        SELECT account, currency, normal, floor, sum(amount) AS amount FROM lines
        WHERE kind IN ('escrow', 'payable:seller', 'payable:buyer')
        GROUP BY account, currency, normal, floor""",
    "kept": """
        SELECT account, currency, balance FROM ledger_balances WHERE account IN (
            SELECT prefix || escrow_id FROM chosen
            CROSS JOIN (VALUES ('escrow:'), ('payable:seller:'), ('payable:buyer:')) own (prefix))
        """,
}
"""What the queries below read: the escrows, their postings, and what those add up to."""

_REFUTED_BY = {
    BALANCES: """
        SELECT transaction_id || ' sums to ' || coalesce(sum(amount), 0) || ' over '
            || count(amount) AS fault
        FROM lines GROUP BY transaction_id
        HAVING sum(amount) <> 0 OR count(DISTINCT currency) <> 1 OR count(amount) < 2""",
    FLOORS: """
        SELECT account || ' stands at ' || stands_at || ' ' || currency AS fault FROM (
            SELECT account, currency, floor,
                CASE normal WHEN 'debit' THEN amount ELSE -amount END AS stands_at FROM own) each
        WHERE stands_at < floor""",
    ADD_UP: """
        SELECT escrow_id || ' is off by ' || difference AS fault FROM (
            SELECT escrow_id,
                sum(CASE name WHEN 'received' THEN amount ELSE -amount END) AS difference
            FROM sums GROUP BY escrow_id) each
        WHERE difference <> 0""",
    AMOUNTS: """
        SELECT chosen.escrow_id || ' says ' || said.name || ' is ' || said.amount
            || ', the ledger ' || coalesce(sums.amount, 0) AS fault
        FROM chosen CROSS JOIN LATERAL (VALUES
            ('received', received), ('held', held), ('released', released),
            ('refunded', refunded), ('fees', fees), ('surplus', surplus), ('debt', debt),
            ('loss', loss)) said (name, amount)
        LEFT JOIN sums ON sums.escrow_id = chosen.escrow_id AND sums.name = said.name
        WHERE said.amount <> coalesce(sums.amount, 0)""",
    CAME_IN: """
        SELECT escrow_id || ' booked ' || coalesce(booked, 0) || ' of ' || coalesce(shown, 0)
            AS fault
        FROM (SELECT escrow_id, sum(amount) AS booked FROM lines
            WHERE kind = 'rail' AND moment IN ('funds_held', 'surplus', 'paid_late')
            GROUP BY escrow_id) entered
        FULL JOIN (SELECT escrow_id, sum(payments.received) AS shown
            FROM payments JOIN chosen USING (escrow_id) WHERE payments.state = 'PAID'
            GROUP BY escrow_id) paid USING (escrow_id)
        WHERE coalesce(booked, 0) <> coalesce(shown, 0)""",
    OWED: """
        SELECT escrow_id || ' owes ' || coalesce(owed, 0) || ', has ordered '
            || coalesce(open, 0) || '; paid ' || coalesce(gone, 0) || ', proven '
            || coalesce(proven, 0) AS fault
        FROM (SELECT escrow_id, -sum(amount) AS owed,
                coalesce(sum(amount) FILTER (WHERE moment LIKE 'payout%'), 0) AS gone
            FROM lines WHERE account LIKE 'payable:%' GROUP BY escrow_id) booked
        FULL JOIN (SELECT escrow_id,
                coalesce(sum(CASE payouts.state WHEN 'SUCCEEDED' THEN returned ELSE amount END), 0)
                    AS open,
                coalesce(sum(amount - returned) FILTER (WHERE payouts.state = 'SUCCEEDED'), 0)
                    AS proven
            FROM payouts JOIN chosen USING (escrow_id) GROUP BY escrow_id) ordered
            USING (escrow_id)
        WHERE coalesce(owed, 0) <> coalesce(open, 0) OR coalesce(gone, 0) <> coalesce(proven, 0)""",
    PROVEN: """
        SELECT escrow_id || ' is ' || state || ' without a proof' AS fault FROM chosen
        WHERE state IN ('RELEASED', 'REFUNDED', 'SETTLED') AND NOT EXISTS (SELECT FROM payouts
            WHERE payouts.escrow_id = chosen.escrow_id AND payouts.provider_id IS NOT NULL
            AND tranche IS NOT NULL)
        AND NOT (state = 'REFUNDED' AND NOT EXISTS (SELECT FROM payouts
                WHERE payouts.escrow_id = chosen.escrow_id AND tranche IS NOT NULL)
            AND EXISTS (SELECT FROM chargebacks
                WHERE chargebacks.escrow_id = chosen.escrow_id AND from_held > 0))""",
    FEES: """
        SELECT escrow_id || ' took ' || fees || ' of ' || coalesce(due, 0) AS fault
        FROM chosen LEFT JOIN (SELECT escrow_id, sum(seller_fee + buyer_fee) AS due
            FROM tranches JOIN chosen USING (escrow_id) WHERE outcome = 'RELEASE'
            GROUP BY escrow_id) released USING (escrow_id)
        WHERE state NOT IN ('SETTLED', 'SETTLING') AND fees <> coalesce(due, 0)""",
    RUNNING: """
        SELECT account || ' is kept as ' || coalesce(balance, 0) || ' ' || currency
            || ', its postings sum to ' || coalesce(amount, 0) AS fault
        FROM own FULL JOIN kept USING (account, currency)
        WHERE coalesce(amount, 0) <> coalesce(balance, 0)""",
}

REFUTED = statement(
    union_all(
        *(
            select(
                literal_column(str(PROOFS.index(name))).label("proof"),
                text(query).columns(column("fault", Text)).subquery().c.fault,
            ).limit(MOST_FAULTS)
            for name, query in _REFUTED_BY.items()
        )
    ).add_cte(*(text(query).columns().cte(name) for name, query in _READ.items()))
)
"""The faults of these escrows (``escrow_ids``), each with the position of its proof."""
