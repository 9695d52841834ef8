"""What identity's REST takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from chassis.http.bodies import at_most
from contracts_schema.events.identity import PlatformRole, Tier
from contracts_schema.ids import UserId
from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from identity.domain.account import Account, Provider
from identity.domain.api_key import ApiKey, Scope
from identity.domain.session import Session
from identity.domain.user import Consent, User

_ID = "[0-7][0-9a-hjkmnp-tv-z]{25}$"
LinkId = Annotated[str, Path(pattern="^lnk_" + _ID)]
KeyId = Annotated[str, Path(pattern="^key_" + _ID)]
SessionId = Annotated[str, Path(pattern="^ses_" + _ID)]
UserIdPath = Annotated[str, Path(pattern="^usr_" + _ID)]

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=_PRINTABLE)]
TermsVersion = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,20}$")]
LocalPath = Annotated[
    str, StringConstraints(pattern=r"^/([\w~.%-][\w~.%/?=&-]*)?$", max_length=200)
]
RefreshToken = Annotated[str, StringConstraints(pattern=r"^hfr_[0-9a-f]{64}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DiscordLogin(_In):
    """A login with Discord, and whether the person agrees to the terms to join."""

    consent: bool = False
    terms_version: TermsVersion | None = None
    redirect_to: LocalPath | None = None

    @model_validator(mode="after")
    def _consent_names_terms(self) -> DiscordLogin:
        if self.consent and self.terms_version is None:
            raise ValueError("consent needs the terms_version that is agreed to")
        return self


class RefreshIn(_In):
    """The refresh token; a browser sends it as a cookie instead."""

    refresh_token: RefreshToken | None = None


class LinkIn(_In):
    """Which provider's account to link."""

    provider: Literal["roblox"] = "roblox"


class ChangeIn(_In):
    """What an administrator changes about a person, and why."""

    reason: Annotated[Line, Field(min_length=3, max_length=500)]
    tier: Tier | None = None
    role: PlatformRole | None = None
    suspended: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> ChangeIn:
        if self.tier is None and self.role is None and self.suspended is None:
            raise ValueError("name at least one of tier, role, suspended")
        return self


class KeyIn(_In):
    """A new API key."""

    name: Annotated[Line, Field(min_length=1, max_length=60)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3), at_most(3)]
    expires_at: AwareDatetime | None = None


class AccountsIn(_In):
    """Whose outside accounts are asked for: the parties of one contract."""

    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=2)]


class IntrospectIn(_In):
    """A credential to look at."""

    token: Annotated[str, Field(min_length=1, max_length=4096)]


class ExchangeIn(_In):
    """The person that discord-gateway reads for."""

    discord_user_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]


class UrlOut(BaseModel):
    """Where to send the browser."""

    url: str


class LinkOut(BaseModel):
    """A link: its id is public, its secret is asked for separately."""

    link_id: str
    expires_at: datetime


class LinkUrlOut(UrlOut):
    """The secret URL of a link, good for one opening."""

    expires_at: datetime


class TokensOut(BaseModel):
    """A login: the access token, and the refresh token for the next."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


class KeySetOut(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, str]]


class AccessOut(BaseModel):
    """A short access token without a refresh token."""

    access_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


class CardOut(BaseModel):
    """What anybody may know of a person."""

    id: UserId
    tier: Tier
    member_since: date


class AccountOut(BaseModel):
    """A linked account."""

    model_config = ConfigDict(from_attributes=True)

    provider: Provider
    provider_user_id: str
    linked_at: datetime


class TermsOut(BaseModel):
    """One version of the terms of service; ``sha256`` is that of ``text`` in UTF-8."""

    version: str
    sha256: str
    current: bool
    url: str
    text: str


class ConsentOut(BaseModel):
    """Terms that were agreed to; without a hash, before the terms were a text of their own."""

    model_config = ConfigDict(from_attributes=True)

    terms_version: str
    terms_sha256: str | None
    given_at: datetime


class UserOut(BaseModel):
    """A person as administrators see them."""

    id: UserId
    discord_id: str
    tier: Tier
    role: PlatformRole
    suspended: bool
    member_since: datetime
    version: int


class MeOut(UserOut):
    """A person as they see themselves."""

    accounts: list[AccountOut]
    consents: list[ConsentOut]


class SessionOut(BaseModel):
    """A live login of one's own."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str
    current: bool


class SessionsOut(BaseModel):
    """All live logins, the newest first; there are never more than 50."""

    data: list[SessionOut]


class KeyOut(BaseModel):
    """An API key without its secret; ``hint`` is how the secret begins."""

    id: str
    name: str
    hint: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewKeyOut(KeyOut):
    """A new API key with its secret, which is shown this once."""

    key: str


class KeysOut(BaseModel):
    """All live API keys, the newest first; there are never more than 20."""

    data: list[KeyOut]


class IntrospectionOut(BaseModel):
    """Whether a credential counts now, and what for; absent fields say nothing."""

    active: bool
    sub: str | None = None
    sid: str | None = None
    tier: Tier | None = None
    role: PlatformRole | None = None
    scope: str | None = None
    exp: int | None = None


def user_out(user: User) -> UserOut:
    """The person as administrators see them."""
    return UserOut(**_user(user))


def me_out(user: User, accounts: Sequence[Account], consents: Sequence[Consent]) -> MeOut:
    """The person as they see themselves."""
    return MeOut(**_user(user), accounts=accounts, consents=consents)


def session_out(session: Session, current_id: str) -> SessionOut:
    """A login as its owner sees it, who asks from the current one."""
    current = session.session_id == current_id
    return SessionOut(**_shown(session, SessionOut, id=session.session_id, current=current))


def key_out(key: ApiKey) -> KeyOut:
    """A key as its owner sees it."""
    return KeyOut(**_shown(key, KeyOut, id=key.key_id))


def _user(user: User) -> dict[str, Any]:
    return _shown(user, UserOut, id=user.user_id, member_since=user.created_at)


def _shown(record: object, model: type[BaseModel], **said: Any) -> dict[str, Any]:
    """What the model shows: what is said, and the record's own attributes for the rest."""
    return said | {name: getattr(record, name) for name in model.model_fields if name not in said}
