"""Random lives of several escrows at once, against a model that knows only the specification.

Both parties, strangers, timers, the provider's repeated and late news, and a provider that fails:
after every step the books are green and agree with the provider's own.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from chassis.clock import ManualClock
from chassis.storage.database import connect
from escrow.domain.errors import EscrowError
from escrow.domain.states import HOLDING, TRANSITIONS, Action, State
from escrow.ports import About, PaymentStatus, RailRefused
from escrow_builders import (
    BUYER,
    NET,
    NOON,
    PRICE,
    SELLER,
    STRANGER,
    House,
    a_house,
    some_terms,
)
from escrow_fake_rail import FakeRail
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from hypothesis.stateful import run_state_machine_as_test as run_machine

WHOSE = {"deliver": SELLER, "confirm": BUYER, "refund": SELLER, "cancel": BUYER}
COMMANDS = [(act, who) for act in WHOSE for who in (BUYER, SELLER, STRANGER)]
COMMANDS += list(WHOSE.items()) * 4
FAULTS = st.sampled_from(["after", "500", "slow", "down", "refused"])
NUMBERS = itertools.count()
REACHED: set[State] = set()
TAKEN: set[State] = set()
"""States in which a bank took a payment back."""
WON: set[State] = set()
LATER = {State.DISPUTED, State.SETTLING, State.SETTLED}
"""States whose commands are not built yet."""
ACTS = {"deliver": Action.DELIVER, "confirm": Action.RELEASE, "refund": Action.REFUND}
ACTS |= {"cancel": Action.CANCEL}
SIDES = {BUYER: "buyer", SELLER: "seller"}
ENDS = {State.RELEASED: (0, NET, 0), State.REFUNDED: (0, 0, PRICE)}


class Lives(RuleBasedStateMachine):
    """Several escrows, whatever is done to them."""

    database_url = ""
    escrows = Bundle("escrows")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.states: dict[str, tuple[State, int]] = {}
        self.house: House = self.run(self._begin())

    async def _begin(self) -> House:
        self.stack = AsyncExitStack()
        clock = ManualClock(NOON)
        opened = connect(self.database_url, clock, "escrow", size=4)
        database = await self.stack.enter_async_context(opened)
        await database.pool.execute("DELETE FROM timers")
        await database.pool.execute("DELETE FROM payout_accounts")
        house = a_house(database, FakeRail())
        await house.onboarded()
        return house

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self._end())
        self.runner.close()

    async def _end(self) -> None:
        """Left alone, every escrow comes to an end, with every cent where it belongs."""
        try:
            for dispute in self.house.rail.chargebacks:
                await self.house.keep(About.CHARGEBACK, dispute)
            for number in range(20):
                await self.house.pass_time(timedelta(days=4))
                if number == 2:
                    await self._operators_look()
            for escrow_id in self.states:
                await self._require_end(escrow_id)
            await self._check()
        finally:
            await self.stack.aclose()

    async def _operators_look(self) -> None:
        """Whatever a bank has taken for good ends with what it left."""
        for escrow_id in self.states:
            escrow = await self.house.escrow(escrow_id)
            if escrow.state in HOLDING and escrow.freezes:
                await self.house.decide(escrow_id)

    async def _require_end(self, escrow_id: str) -> None:
        escrow, rail = await self.house.escrow(escrow_id), self.house.rail
        paid, out, back = rail.moved(escrow_id)
        amounts, disputed = escrow.amounts, self.disputed(escrow_id)
        assert amounts.received == paid - rail.charged_back[escrow_id]
        if disputed:
            waits = bool(amounts.debt or amounts.loss)
            assert escrow.state in ENDS or escrow.state is State.CANCELLED or waits
            assert waits or (amounts.released, amounts.refunded) == (out, back)
            return
        assert escrow.state in (State.RELEASED, State.REFUNDED, State.CANCELLED), escrow.state
        kept = escrow.amounts.surplus
        if escrow.state is State.RELEASED:
            assert out == NET
            assert paid - back - kept == PRICE
        else:
            assert out == 0
            assert paid - back == kept
        assert escrow.state is not State.CANCELLED or kept == 0

    @initialize(target=escrows, released=st.lists(FAULTS), refunded=st.lists(FAULTS))
    def begin_at_every_stage(self, released: list[str], refunded: list[str]) -> Any:
        """Few steps would seldom reach the late stages by chance: some lives begin there."""
        stages = ("open", "funded", "delivered", "delivered", "delivered")
        made = [self.begin(stage) for stage in stages]
        self.fail("pay_out", released)
        self.fail("refund", refunded)
        self.try_to(made[-1], "confirm", BUYER)
        self.try_to(made[-2], "refund", SELLER)
        in_part, too_late = self.begin("open"), self.begin("open")
        self.run(self._pay(in_part, 40, 1))
        self.run(self._pay(too_late, 100, 0))
        self.try_to(too_late, "cancel", BUYER)
        return multiple(*made, in_part, too_late)

    @initialize(target=escrows)
    def banks_take_at_every_stage(self) -> Any:
        """Each way of a chargeback is lived once, whatever chance does later."""
        lives = []
        for stage, act, works in (
            *(("funded", "", 0), ("delivered", "", 0), ("delivered", "confirm", 0)),
            *(("delivered", "confirm", 1), ("delivered", "refund", 0), ("delivered", "refund", 1)),
        ):
            made = self.begin(stage)
            lives.append(made)
            if act:
                self.try_to(made, act, WHOSE[act])
            if works:
                self.work()
            self.bank_takes(made, 1)
            if works or not act:
                self.bank_gives_back(made, 1_500 * works)
        return multiple(*lives)

    @rule(escrow_id=escrows, told=st.integers(0, 2))
    def bank_takes(self, escrow_id: str, told: int) -> None:
        """The payer's bank takes a payment back; the news comes 0 to 2 times."""
        rail = self.house.rail
        for reference in rail.paid(escrow_id):
            if f"dp_{rail.seen[reference].charge_id}" not in rail.chargebacks:
                TAKEN.add(self.run(self.house.escrow(escrow_id)).state)
                dispute = rail.charge_back(reference)
                self.run(self._tell_of(dispute, told))
                return

    @rule(escrow_id=escrows, fee=st.sampled_from([0, 1_500]))
    def bank_gives_back(self, escrow_id: str, fee: int) -> None:
        """A chargeback is won, with or without the provider's fee; the others are lost."""
        rail = self.house.rail
        for reference in rail.paid(escrow_id):
            dispute = f"dp_{rail.seen[reference].charge_id}"
            if dispute in rail.chargebacks and rail.chargebacks[dispute].taken:
                WON.add(self.run(self.house.escrow(escrow_id)).state)
                rail.win(reference, fee)
                self.run(self._tell_of(dispute, 1))
                return

    async def _tell_of(self, dispute: str, told: int) -> None:
        for _ in range(told):
            await self.house.keep(About.CHARGEBACK, dispute)

    def disputed(self, escrow_id: str) -> bool:
        """Whether a bank ever took a payment of this escrow back."""
        rail = self.house.rail
        pages = rail.paid(escrow_id)
        return any(f"dp_{rail.seen[page].charge_id}" in rail.chargebacks for page in pages)

    @rule(escrow_id=escrows, act=st.sampled_from(["unfreeze", "decide"]))
    def operate(self, escrow_id: str, act: str) -> None:
        """An operator ends or frees what is frozen, and nothing else."""
        before = self.run(self.house.escrow(escrow_id))
        try:
            self.run(getattr(self.house, act)(escrow_id))
        except EscrowError:
            assert self.run(self.house.escrow(escrow_id)) == before
        else:
            assert before.freezes

    @rule(target=escrows, stage=st.sampled_from(["open", "funded", "delivered"]))
    def begin_another(self, stage: str) -> str:
        return self.begin(stage)

    def begin(self, stage: str) -> str:
        """A new escrow at this stage."""
        self.house.rail.faults.pop("open", None)
        terms = some_terms(f"life {next(NUMBERS)}")
        return str(self.run(getattr(self.house, stage)(terms)))

    @rule(escrow_id=escrows, command=st.sampled_from(COMMANDS))
    def act(self, escrow_id: str, command: tuple[str, str]) -> None:
        self.try_to(escrow_id, *command)

    def try_to(self, escrow_id: str, act: str, who: str) -> None:
        """What the table allows succeeds, and everything else is refused and changes nothing."""
        escrow = self.run(self.house.escrow(escrow_id))
        state, edge = escrow.state, TRANSITIONS.get((escrow.state, ACTS[act]))
        here = act not in ("confirm", "refund") or escrow.held >= escrow.agreed
        allowed = edge is not None and SIDES.get(who) in edge.by and here
        try:
            self.run(getattr(self.house, act)(escrow_id, who))
        except EscrowError:
            assert not allowed, f"{who} was refused to {act} in {state}"
            assert self.run(self.house.escrow(escrow_id)).state is state
        else:
            assert allowed, f"{who} could {act} in {state}"

    @rule(
        escrow_id=escrows,
        share=st.sampled_from([100, 100, 100, 40, 130]),
        told=st.integers(0, 3),
    )
    def pay(self, escrow_id: str, share: int, told: int) -> None:
        self.run(self._pay(escrow_id, share, told))

    async def _pay(self, escrow_id: str, share: int, told: int) -> None:
        """Somebody pays at an open page, also of a deal that ended; news comes 0 to 3 times."""
        house = self.house
        for reference, ask in house.rail.pages.items():
            is_open = house.rail.seen[reference].status is PaymentStatus.OPEN
            if ask.escrow_id == escrow_id and is_open:
                minor = max(ask.amount.minor * share // 100, 1)
                payment = house.rail.pay(reference, minor)
                for _ in range(told):
                    await house.keep(About.PAYMENT, payment)
                return

    @rule(
        escrow_id=escrows,
        act=st.sampled_from(["confirm", "refund"]),
        faults=st.lists(FAULTS, max_size=4),
    )
    def decide_while_the_provider_fails(self, escrow_id: str, act: str, faults: list[str]) -> None:
        self.fail("pay_out" if act == "confirm" else "refund", faults)
        self.try_to(escrow_id, act, WHOSE[act])

    @rule(call=st.sampled_from(["pay_out", "refund", "open"]), faults=st.lists(FAULTS, max_size=4))
    def disturb(self, call: str, faults: list[str]) -> None:
        self.fail(call, faults)

    def fail(self, call: str, faults: list[str]) -> None:
        """Let the provider's next calls fail like this."""
        refused = RailRefused("balance_insufficient", "Insufficient funds.")
        known = [refused if fault == "refused" else fault for fault in faults]
        self.house.rail.fail(call, *known)

    @rule()
    def slow_calls_arrive(self) -> None:
        self.house.rail.arrive()

    @rule()
    def work(self) -> None:
        self.run(self.house.due())

    @rule()
    def work_twice_at_once(self) -> None:
        self.run(self._two_workers())

    async def _two_workers(self) -> None:
        await asyncio.gather(self.house.due(), self.house.due())

    @rule(hours=st.sampled_from([1, 13, 73, 169]))
    def pass_time(self, hours: int) -> None:
        """A call is on its way for seconds: in hours it has arrived, or its key is too old."""
        self.house.rail.arrive()
        self.run(self.house.pass_time(timedelta(hours=hours)))

    @rule(escrow_id=escrows)
    def news_of_long_ago(self, escrow_id: str) -> None:
        self.run(self._all_news(escrow_id))

    async def _all_news(self, escrow_id: str) -> None:
        for seen in list(self.house.rail.seen.values()):
            if seen.charge_id and self.house.rail.pages[seen.reference].escrow_id == escrow_id:
                await self.house.keep(About.REFUNDS, seen.charge_id)
                await self.house.keep(About.PAYMENT, str(seen.provider_id))

    @invariant()
    def books_are_green_and_states_move_along_the_table(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        await self.house.proven()
        rows = await self.house.database.rows("SELECT escrow_id, state, version FROM escrows")
        for row in rows:
            state, version = State(row["state"]), row["version"]
            before, seen = self.states.get(row["escrow_id"], (State.AWAIT_FUNDS, 0))
            assert version >= seen
            assert version > seen or state is before
            if before in ENDS or before is State.CANCELLED:
                assert state is before, f"{before} was left for {state}"
            self.states[row["escrow_id"]] = (state, version)
            REACHED.add(state)
            _, out, back = self.house.rail.moved(row["escrow_id"])
            assert out in (0, NET)
            assert not (out and back >= PRICE)


def test_random_lives_keep_the_books(module_database_for):
    for seen in (REACHED, TAKEN, WON):
        seen.clear()

    class OnDatabase(Lives):
        database_url = ""

    def fresh() -> Lives:
        OnDatabase.database_url = module_database_for("escrow")
        return OnDatabase()

    run_machine(
        fresh,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert set(State) - LATER == REACHED, "some lives were never lived: the run proves less"
    assert set(State) - LATER - {State.CANCELLED} <= TAKEN
    assert {State.FUNDS_HELD, State.DELIVERED, State.RELEASED, State.REFUNDED} <= WON
