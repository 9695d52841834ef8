"""A contract's life: two signatures over one hash, then its execution, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from contracts_schema import refusals
from contracts_schema.events.listings import Side
from contracts_schema.terms import Terms

from contracts.domain.document import Copy
from contracts.domain.errors import (
    AlreadySigned,
    BrokenEvidence,
    ContractError,
    NoDocument,
    NoExecutedCopy,
    NotAParty,
    SigningClosed,
    TermsDiffer,
    WrongPhrase,
    WrongState,
)
from contracts.domain.signature import PHRASE, Signature, Signing


class State(StrEnum):
    """Where a contract stands."""

    PENDING_SIGNATURE = "PENDING_SIGNATURE"
    EXECUTING = "EXECUTING"
    EXECUTED = "EXECUTED"
    EXECUTION_FAILED = "EXECUTION_FAILED"
    VOID = "VOID"


class Action(StrEnum):
    """What may happen to a contract."""

    SIGN = "sign"
    COMPLETE = "complete"
    EXECUTE = "execute"
    GIVE_UP = "give up"
    RETRY = "retry"
    VOID = "void"


class Verb(StrEnum):
    """What a party may do with a contract: the word on buttons and in events."""

    SIGN = "sign"
    SIGN_WEB = "sign_web"
    REVIEW_PDF = "review_pdf"


TRANSITIONS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.PENDING_SIGNATURE, Action.SIGN): State.PENDING_SIGNATURE,
        (State.PENDING_SIGNATURE, Action.COMPLETE): State.EXECUTING,
        (State.PENDING_SIGNATURE, Action.VOID): State.VOID,
        (State.EXECUTING, Action.EXECUTE): State.EXECUTED,
        (State.EXECUTING, Action.GIVE_UP): State.EXECUTION_FAILED,
        (State.EXECUTION_FAILED, Action.RETRY): State.EXECUTING,
    }
)
"""A pair that is absent is forbidden."""


@dataclass(slots=True)
class Contract:
    """The agreement of a buyer and a seller, whose terms never change once they are drafted."""

    contract_id: str
    deal_id: str
    listing_id: str
    seller_id: str
    buyer_id: str
    terms: str
    """Canonical JSON, exactly as it is signed."""
    terms_sha256: str
    pdf_sha256: str | None
    template_version: int
    created_at: datetime
    sign_before: datetime
    state: State = State.PENDING_SIGNATURE
    version: int = 1
    executed_at: datetime | None = None
    void_reason: str = ""
    accounts: str | None = None
    """Who the parties were outside when it was drafted; contracts of before 0007 do not tell."""
    executed_pdf_sha256: str | None = None
    signatures: list[Signature] = field(default_factory=list)

    @property
    def parties(self) -> dict[str, Side]:
        """The two who sign, by user id."""
        return {self.buyer_id: Side.BUYER, self.seller_id: Side.SELLER}

    def side_of(self, user_id: str) -> Side:
        """Which side this person is on; who is on none may not know of the contract."""
        if (side := self.parties.get(user_id)) is None:
            raise NotAParty(self.contract_id)
        return side

    def check_may_sign(self, user_id: str, at: datetime) -> Side:
        """The side this person can still sign for; every reason against it is a refusal."""
        side = self.side_of(user_id)
        if (refusal := self._refusal_to_sign(side, at)) is not None:
            raise refusal
        return side

    def _refusal_to_sign(self, side: Side, at: datetime) -> ContractError | None:
        if self.signature_of(side) is not None:
            return AlreadySigned(**self.next_step())
        if (self.state, Action.SIGN) not in TRANSITIONS:
            return WrongState(Action.SIGN, self.state)
        if at >= self.sign_before:
            return SigningClosed(self.sign_before)
        return None

    def may(self, side: Side | None, now: datetime) -> tuple[Verb, ...]:
        """What this side may do now, decided as the commands decide it; no side may do nothing."""
        if side is None:
            return ()
        signs = (Verb.SIGN, Verb.SIGN_WEB) if self._refusal_to_sign(side, now) is None else ()
        reads = () if self.pdf_sha256 is None else (Verb.REVIEW_PDF,)
        return signs + reads

    def actions(self, now: datetime) -> dict[str, tuple[Verb, ...]]:
        """What each party may do now, by user id; who may do nothing is left out."""
        by_user = {user_id: self.may(side, now) for user_id, side in self.parties.items()}
        return {user_id: verbs for user_id, verbs in by_user.items() if verbs}

    def sign(self, signer_id: str, signing: Signing, at: datetime) -> Signature:
        """Keep this party's signature over the terms."""
        side = self.check_may_sign(signer_id, at)
        if signing.phrase.strip() != PHRASE:
            raise WrongPhrase
        if signing.seen_terms is not None and signing.seen_terms != self.terms_sha256:
            raise TermsDiffer(signing.seen_terms, self.terms_sha256)
        evidence = signing.evidence
        signature = Signature(
            signer_id=signer_id,
            side=side,
            method=evidence.method,
            terms_sha256=self.terms_sha256,
            signed_at=at,
            request_id=evidence.request_id,
            ip=evidence.ip,
            user_agent=evidence.user_agent,
        )
        self._move(Action.SIGN)
        self.signatures.append(signature)
        return signature

    @property
    def agreed_terms(self) -> Terms:
        """The terms as they were frozen."""
        return Terms.model_validate_json(self.terms)

    @property
    def document_sha256(self) -> str:
        """The hash of the PDF; a contract that was void from the start has none."""
        if self.pdf_sha256 is None:
            raise NoDocument(self.contract_id)
        return self.pdf_sha256

    @property
    def executed_copy_sha256(self) -> str:
        """The hash of the executed copy, which is made once the contract is in force."""
        if self.executed_pdf_sha256 is None:
            raise NoExecutedCopy(self.contract_id)
        return self.executed_pdf_sha256

    def sha256_of(self, copy: Copy) -> str:
        """The hash of this one of its documents."""
        newest = Copy.SIGNED if self.executed_pdf_sha256 is None else Copy.EXECUTED
        asked = newest if copy is Copy.LATEST else copy
        return self.document_sha256 if asked is Copy.SIGNED else self.executed_copy_sha256

    @property
    def both_signed(self) -> bool:
        """Whether nobody's signature is missing."""
        return all(self.signature_of(side) is not None for side in Side)

    def signature_of(self, side: Side) -> Signature | None:
        """The signature of this side, if it is there."""
        return next((one for one in self.signatures if one.side is side), None)

    def complete(self) -> None:
        """Both have signed: the execution may begin."""
        if not self.both_signed:
            raise WrongState(Action.COMPLETE, self.state)
        self._move(Action.COMPLETE)

    def check_signatures(self) -> None:
        """Both parties signed exactly these terms; anything else is no agreement."""
        for user_id, side in self.parties.items():
            signature = self.signature_of(side)
            if signature is None or signature.signer_id != user_id:
                raise BrokenEvidence("signature_missing", side=side)
            if signature.terms_sha256 != self.terms_sha256:
                raise BrokenEvidence("signature_differs", side=side)

    def execute(self, at: datetime) -> None:
        """The agreement is in force from this moment."""
        self._move(Action.EXECUTE)
        self.executed_at = at

    def give_up(self) -> None:
        """The execution failed for good, until an operator has looked."""
        self._move(Action.GIVE_UP)

    def retry(self) -> None:
        """An operator lets the execution run again."""
        self._move(Action.RETRY)

    def void(self, reason: str) -> None:
        """Nothing comes of it."""
        self._move(Action.VOID)
        self.void_reason = reason

    @property
    def waits_for(self) -> tuple[Side, ...]:
        """Whose turn it is."""
        if self.state is not State.PENDING_SIGNATURE:
            return ()
        return tuple(side for side in Side if self.signature_of(side) is None)

    def next_step(self) -> dict[str, str]:
        """What happens now, until when, and what if nobody acts: by name, to be worded."""
        if not self.waits_for:
            return {"next": self.state}
        until = f"{self.sign_before:%Y-%m-%d %H:%M} UTC"
        return {"next": "WAITING", "who": "_".join(self.waits_for), "until": until}

    def what_is_next(self, locale: str = refusals.FALLBACK) -> str:
        """The same in words."""
        return refusals.value("contracts.next", self.next_step(), locale)

    def _move(self, action: Action) -> None:
        try:
            self.state = TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState(action, self.state) from None
        self.version += 1
