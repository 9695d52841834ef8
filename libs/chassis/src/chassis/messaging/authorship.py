"""Who said it: what the broker vouches for decides whether a message counts, not what it says.

The broker fills in the routing key, and refuses a ``user_id`` that is not the connection's. So a
message counts if that user may publish that routing key, the message calls itself by it, and it was
not sent to further keys as well (CC, BCC). One that comes back to its queue is sent by the service
itself, or by an operator: either notes who published it first, and as what, and that is looked at.
"""

from __future__ import annotations

from aio_pika.abc import AbstractIncomingMessage
from contracts_schema.speakers import SPEAKERS, may_ask, may_tell

from chassis.messaging.received import Poison

AUTHOR, PUBLISHED_AS = "x-author", "x-published-as"
COPIED = ("CC", "BCC")
_RETURNING = frozenset({"holdfast.return", ""})
"""Exchanges that no service may write to: the waits end in one, an operator uses the other."""


class Forged(Poison):
    """A message whose publisher may not say it, or that is not what it calls itself."""

    def __init__(self, reason: str, text: str) -> None:
        """``reason`` is one word for the count of such messages."""
        super().__init__(text)
        self.reason = reason


def comes_back(queue: str, message: AbstractIncomingMessage) -> bool:
    """Whether the queue's own service, or an operator, sent the message to this queue again."""
    if message.routing_key != queue or message.exchange not in _RETURNING:
        return False
    author = message.user_id
    return author == queue.partition(".")[0] or (bool(author) and author not in SPEAKERS)


def proven_topic(queue: str, message: AbstractIncomingMessage, asks: bool) -> str:
    """What the message is, where it may be believed; raises Forged where it may not.

    ``asks`` says that the queue takes commands. What an earlier version of the service sent to
    wait notes no author; that one is believed as the service's own.
    """
    headers = message.headers
    copied = next((it for it in COPIED if it in headers), None)
    if copied:
        raise Forged("copied", f"it has a {copied} header, which sends it to other queues too")
    origin = first_published(queue, message)
    if not origin:
        return message.type or ""
    author, key = origin[AUTHOR], origin[PUBLISHED_AS]
    if message.type != key:
        raise Forged("type", f"it calls itself {message.type!r} and was published as {key!r}")
    if not (may_ask if asks else may_tell)(author, key):
        whom = f"the broker user {author!r}" if author else "who published it is not known, and"
        raise Forged("author", f"{whom} may not publish {key!r}")
    return key


def first_published(queue: str, message: AbstractIncomingMessage) -> dict[str, str]:
    """Who published the message first and as what, as the headers of its next copy say it."""
    if not comes_back(queue, message):
        return {AUTHOR: message.user_id or "", PUBLISHED_AS: message.routing_key or ""}
    headers = message.headers
    noted = AUTHOR in headers or PUBLISHED_AS in headers
    return {it: str(headers.get(it, "")) for it in (AUTHOR, PUBLISHED_AS)} if noted else {}
