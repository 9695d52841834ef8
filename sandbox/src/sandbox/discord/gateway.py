"""The gateway: sessions, dispatch of events, and the faults it can play."""

import asyncio
import secrets
from collections.abc import Callable

from sandbox.discord.connection import Connection
from sandbox.discord.errors import Json
from sandbox.discord.sessions import Event, Intent, Session
from sandbox.discord.stats import Stats
from sandbox.faults import Faults, Kind

REORDERED_WITHIN_S = 0.5


class Gateway:
    """All sessions of the application."""

    def __init__(self, stats: Stats, faults: Faults) -> None:
        self.stats = stats
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.refuses = False
        self._faults = faults
        self._held: list[Event] = []

    def open_session(self, intents: int, shard: tuple[int, int]) -> Session:
        """Start the session of a client that identified itself."""
        self._forget_expired()
        session = Session(secrets.token_hex(16), intents, shard)
        self.sessions[session.id] = session
        return session

    def find_session(self, session_id: object) -> Session | None:
        """A session that can still be resumed."""
        self._forget_expired()
        return self.sessions.get(str(session_id))

    def end_session(self, session: Session) -> None:
        """The session can never be resumed."""
        self.sessions.pop(session.id, None)

    def dispatch(
        self,
        name: str,
        data: Json,
        guild_id: str | None = None,
        intent: Intent = Intent.NONE,
        hidden_content: bool = False,
    ) -> int:
        """Send an event to every session that wants it; returns how many that were.

        Sessions within their time to resume count: the event waits for them.
        """
        event = Event(name, data, guild_id, intent, hidden_content)
        fault = self._faults.take("discord", name, Kind.SILENCE, Kind.DUPLICATE, Kind.REORDER)
        if fault is None:
            return self._push(event) if not self._held else self._push_before_held(event)
        if fault.kind is Kind.SILENCE:
            return 0
        if fault.kind is Kind.DUPLICATE:
            self._push(event)
            return self._push(event)
        self._held.append(event)
        asyncio.get_running_loop().call_later(REORDERED_WITHIN_S, self._push_held)
        return len(self._receivers(event))

    def _receivers(self, event: Event) -> list[Session]:
        self._forget_expired()
        return [session for session in self.sessions.values() if session.wants(event)]

    def _push(self, event: Event) -> int:
        receivers = self._receivers(event)
        for session in receivers:
            session.push(event)
        return len(receivers)

    def _push_before_held(self, event: Event) -> int:
        receivers = self._push(event)
        self._push_held()
        return receivers

    def _push_held(self) -> None:
        held, self._held = self._held, []
        for event in held:
            self._push(event)

    def _forget_expired(self) -> None:
        for session in [s for s in self.sessions.values() if s.expired()]:
            self.end_session(session)

    def status(self) -> Json:
        """Who is connected and who may still resume."""
        self._forget_expired()
        connected = [s for s in self.sessions.values() if s.line is not None]
        return {
            "connected": len(connected),
            "resumable": len(self.sessions) - len(connected),
            "refuses": self.refuses,
        }

    def act(self, action: str, code: int) -> int:
        """Play a gateway event to every connection; returns how many were struck."""
        actions: dict[str, Callable[[Connection], None]] = {
            "reconnect": lambda c: c.ask_to_reconnect(),
            "drop": lambda c: c.drop(),
            "close": lambda c: c.close_with(code),
            "invalidate": lambda c: c.invalidate(resumable=False),
            "invalidate_resumable": lambda c: c.invalidate(resumable=True),
        }
        struck = [c for c in self.connections if c.session is not None]
        for connection in struck:
            actions[action](connection)
        return len(struck)
