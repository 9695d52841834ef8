"""The PDF: the same bytes every time, and nothing a party typed is markup."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from contracts.adapters.typst import TypstWorker
from contracts.domain.document import document_data
from contracts.domain.errors import TemplateRefused
from contracts.ports import TypesettingFailed
from contracts_builders import ACCOUNTS, NOON, a_deal, a_policy, a_seal

SOURCE = importlib.import_module("contracts.migrations.versions.0008_template_for_pdf_a").SOURCE

HOSTILE = [
    '#sys.inputs #panic("typed") #read("/etc/passwd")',
    "$ x^2 $ *bold* _it_ `raw` = heading\n- list @label <label> // comment /* open",
    '\\ \\u{41} ] ) } [ ( { ~ -- --- \' " """',
    "w" * 500,
    "مرحبا بالعالم שלום עולם abc 123",
    "안녕하세요 こんにちは 你好 👍🏽 Ω ∑",
    "pay \u202e00.001$\u202c",
]


@asynccontextmanager
async def a_worker(**settings: float) -> AsyncIterator[TypstWorker]:
    worker = TypstWorker(a_seal(), **settings)
    try:
        yield worker
    finally:
        await worker.close()


async def pdf(at=NOON, source=SOURCE, **changes) -> bytes:
    terms = a_policy().terms(a_deal(**changes))
    async with a_worker() as worker:
        return await worker.typeset(source, document_data(terms, 1, at, ACCOUNTS), at)


async def test_two_compiles_give_the_same_bytes():
    assert await pdf() == await pdf()


async def test_an_ordinary_contract_is_two_pages():
    assert b"/Type/Pages/Count 2/" in await pdf()


async def test_another_moment_or_word_gives_other_bytes():
    first = await pdf()

    assert await pdf(at=NOON + timedelta(minutes=1)) != first
    assert await pdf(title="Blox Harbour Tycoon") != first


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.abuse("I8")
async def test_whatever_is_typed_is_printed_as_text(typed):
    made = await pdf(title=typed[:255], conditions=typed[:500])

    assert made.startswith(b"%PDF-")


async def test_a_word_that_looks_like_code_prints_like_a_word_of_its_length():
    """Markup would vanish from the page; text takes its place on it."""
    source = "#let d = json(bytes(sys.inputs.data))\n#set page(width: auto, height: 2cm)\n"
    source += '#set text(font: "DejaVu Sans Mono")\n#d.words.conditions'

    code = await pdf(source=source, conditions="#sys *b* $x$")
    text = await pdf(source=source, conditions="asys obo oxo")

    assert _widths(code) == _widths(text)


def _widths(made: bytes) -> bytes:
    start = made.index(b"/MediaBox")
    return made[start : made.index(b"]", start)]


async def test_a_template_that_does_not_compile_is_refused_with_its_fault():
    with pytest.raises(TemplateRefused, match="unknown variable: nonsense"):
        await pdf(source="#nonsense")


@pytest.mark.abuse("I5")
async def test_a_template_cannot_read_files_or_fetch_packages():
    with pytest.raises(TemplateRefused):
        await pdf(source='#read("/etc/passwd")')
    with pytest.raises(TemplateRefused):
        await pdf(source='#read("../pdf_worker.py")')
    with pytest.raises(TemplateRefused, match="package"):
        await pdf(source='#import "@preview/cetz:0.3.1"')


async def test_a_template_that_runs_away_is_ended_and_the_next_document_is_made():
    source = "#for a in range(30000) { for b in range(30000) { [x] } }"

    async with a_worker(timeout_s=1) as worker:
        with pytest.raises(TypesettingFailed, match="longer than 1 s"):
            await worker.typeset(source, "{}", NOON)
        assert not worker.runs

        assert await worker.try_out("still here", "{}", NOON)


async def test_one_press_makes_many_documents_and_one_leaves_no_trace_in_the_next():
    async with a_worker() as worker:
        first = await worker.typeset(SOURCE, _data(title="One"), NOON)
        with pytest.raises(TemplateRefused):
            await worker.typeset("#let stays = 1\n#nonsense", "{}", NOON)
        with pytest.raises(TemplateRefused, match="unknown variable: stays"):
            await worker.typeset("#stays", "{}", NOON)
        other = await worker.typeset(SOURCE, _data(title="Two"), NOON)

        assert worker.runs
        assert (
            await worker.typeset(SOURCE, _data(title="One"), NOON)
            == first
            == await pdf(title="One")
        )
        assert other != first


async def test_a_worker_that_was_killed_is_replaced():
    async with a_worker() as worker:
        await worker.typeset("first", "{}", NOON)
        worker._process.kill()

        with pytest.raises(TypesettingFailed, match="ended"):
            await worker.typeset("second", "{}", NOON)
        assert await worker.typeset("second", "{}", NOON)


async def test_an_idle_press_ends_by_itself():
    async with a_worker(idle_s=0.01) as worker:
        await worker.typeset("first", "{}", NOON)
        process = worker._process
        async with asyncio.timeout(10):
            assert await process.wait() == 0

        assert await worker.typeset("second", "{}", NOON)


async def test_documents_asked_for_at_once_are_all_made():
    async with a_worker() as worker:
        documents = (worker.typeset(f"number {number}", "{}", NOON) for number in range(5))
        made = await asyncio.gather(*documents)

    assert len(set(made)) == 5


def _data(**changes) -> str:
    return document_data(a_policy().terms(a_deal(**changes)), 1, NOON, ACCOUNTS)
