"""Words a notice in its reader's language: the card that discord-gateway shows."""

from __future__ import annotations

from chassis.texts import texts_of
from contracts_schema.commands.discord import (
    Card,
    Fact,
    PressButton,
    SecretLinkButton,
    Summary,
)

from notifier.domain.notice import STEPS, Button, Notice, Press, SecretLink

TEXTS = texts_of("notifier")


def render(notice: Notice, locale: str) -> Card:
    """The card in the reader's language; optional parts that have no text are left out."""
    params = dict(notice.params)
    if notice.refusal:
        said = notice.refusal.worded(locale)
        params |= {"detail": said.detail, "next": said.next_action}
    params = {name: shown[:600] for name, shown in params.items()}

    def optional(part: str) -> str:
        key = f"{notice.key}.{part}"
        return TEXTS.text(key, locale, **params) if TEXTS.has(key) else ""

    return Card(
        title=TEXTS.text(f"{notice.key}.title", locale, **params)[:256],
        body=optional("body")[:3000],
        steps=_steps(notice.step, locale),
        turn=optional("turn")[:200],
        deadline=int(notice.deadline.timestamp()) if notice.deadline else None,
        if_nobody_acts=optional("if_nobody")[:300],
        fields=tuple(
            Fact(name=TEXTS.text(f"fields.{name}", locale), value=value[:1024])
            for name, value in notice.fields
            if value
        ),
        image_url=notice.image_url,
        buttons=tuple(_button(button, locale) for button in notice.buttons),
        now=notice.now or None,
    )


def summary(notice: Notice, locale: str) -> Summary | None:
    """The card that tells of many like it, if any may."""
    if (many := notice.many) is None:
        return None
    shown = {name: value[:200] for name, value in notice.params.items()}
    card = Card(
        title=TEXTS.text(f"{many.key}.title", locale, **shown)[:256],
        body=TEXTS.text(f"{many.key}.body", locale, **shown)[:3000],
        buttons=(_button(Press("view_offers", many.listing_id), locale),),
    )
    counted = TEXTS.text(f"{many.key}.counted", locale)
    return Summary(key=f"{many.key}:{many.listing_id}", card=card, counted=counted)


def _steps(step: str, locale: str) -> str:
    if not step:
        return ""
    position = STEPS.index(step) if step in STEPS else len(STEPS)
    shown = []
    for index, name in enumerate(STEPS):
        label = TEXTS.text(f"steps.{name}", locale)
        shown.append(
            f"✓ {label}" if index < position else f"[{label}]" if index == position else label
        )
    return " → ".join(shown)


def _button(button: Button, locale: str) -> PressButton | SecretLinkButton:
    match button:
        case Press():
            label = TEXTS.text(f"buttons.{button.verb}", locale)
            return PressButton(
                label=label, verb=button.verb, subject=button.subject, style=button.style
            )
        case SecretLink():
            label = TEXTS.text(f"buttons.{button.label}", locale)
            return SecretLinkButton(label=label, service=button.service, path=button.path)
