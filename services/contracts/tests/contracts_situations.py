"""How a contract comes to be in each state that its parties can meet it in."""

from __future__ import annotations

from datetime import timedelta

from contracts.domain.contract import Contract
from contracts_builders import BUYER, Harness, MemoryArchive, a_deal, a_harness, a_policy


async def fresh(harness: Harness, memory: MemoryArchive) -> Contract:
    return await harness.drafted()


async def signed_by_the_buyer(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await harness.drafted()
    return await harness.sign(contract.contract_id, BUYER)


async def past_its_window(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await harness.drafted()
    harness.clock.advance(timedelta(hours=72))
    return contract


async def void(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await past_its_window(harness, memory)
    await harness.due()
    return contract


async def executing(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await harness.drafted()
    return await harness.both_sign(contract.contract_id)


async def executed(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await executing(harness, memory)
    await harness.due()
    return contract


async def failed(harness: Harness, memory: MemoryArchive) -> Contract:
    contract = await executing(harness, memory)
    [key] = [key for key in memory.objects if key.endswith(".json")]
    terms, memory.objects[key] = memory.objects[key], b"{}"
    for _ in range(3):
        await harness.due()
        harness.clock.advance(timedelta(seconds=31))
    memory.objects[key] = terms
    return contract


async def void_from_the_start(harness: Harness, memory: MemoryArchive) -> Contract:
    strict = a_harness(harness.database, memory, policy=a_policy(longest_hold_s=86_400))
    return await strict.contract(await strict.accept(a_deal()))


CONTRACTS = (
    *(fresh, signed_by_the_buyer, past_its_window, void, executing, executed, failed),
    void_from_the_start,
)
