"""Every text of the gateway itself, by key and language; what others say comes from notifier."""

from chassis.texts import texts_of

TEXTS = texts_of("discord_gateway")
text = TEXTS.text
