"""Entities in the words of the REST API and the gateway."""

from datetime import UTC, datetime

from sandbox.discord.entities import (
    Channel,
    ChannelKind,
    Guild,
    Member,
    Role,
    User,
)
from sandbox.discord.errors import Json
from sandbox.discord.state import World

VERIFY_KEY = "0" * 64


def stamp(moment: datetime) -> str:
    """A moment as Discord spells it."""
    return moment.isoformat(timespec="microseconds")


def moment(seconds: float) -> str:
    """A Unix time as Discord spells it."""
    return stamp(datetime.fromtimestamp(seconds, UTC))


def user(of: User) -> Json:
    """A user as everyone may see them."""
    return {
        "id": of.id,
        "username": of.username,
        "global_name": None if of.bot else of.display,
        "discriminator": "0000" if of.bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "bot": of.bot,
        "public_flags": 0,
        "flags": 0,
        "collectibles": None,
        "primary_guild": None,
    }


def own_user(of: User, email: bool = False) -> Json:
    """A user as they see themselves."""
    private: Json = {"mfa_enabled": of.bot, "locale": of.locale, "premium_type": 0}
    if of.bot or email:
        private["email"] = None if of.bot else f"{of.username}@example.com"
        private["verified"] = True
    return {**user(of), **private}


def member(of: Member, who: User | None) -> Json:
    """A member; with the user inside where one is given."""
    body: Json = {
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": stamp(of.joined_at),
        "nick": of.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(of.roles),
        "mute": False,
        "deaf": False,
    }
    return body if who is None else {**body, "user": user(who)}


def role(of: Role) -> Json:
    """A role."""
    body: Json = {
        "id": of.id,
        "name": of.name,
        "description": None,
        "permissions": str(int(of.permissions)),
        "position": of.position,
        "color": of.color,
        "colors": {"primary_color": of.color, "secondary_color": None, "tertiary_color": None},
        "hoist": of.hoist,
        "managed": of.bot_id is not None,
        "mentionable": of.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return {**body, "tags": {"bot_id": of.bot_id}} if of.bot_id else body


def guild(of: Guild) -> Json:
    """A guild as GET /guilds/{id} answers."""
    absent = dict.fromkeys(
        "icon description home_header splash discovery_splash banner application_id "
        "afk_channel_id system_channel_id widget_channel_id max_presences vanity_url_code "
        "rules_channel_id safety_alerts_channel_id public_updates_channel_id incidents_data".split()
    )
    plain = dict.fromkeys(
        "system_channel_flags verification_level default_message_notifications mfa_level "
        "explicit_content_filter premium_tier premium_subscription_count nsfw_level".split(),
        0,
    )
    return {
        **absent,
        **plain,
        "id": of.id,
        "name": of.name,
        "owner_id": of.owner_id,
        "region": "deprecated",
        "features": [],
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": [role(r) for r in of.roles.values()],
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": of.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "emojis": [],
        "stickers": [],
    }


def guild_create(world: World, of: Guild) -> Json:
    """A guild as the gateway introduces it to the bot, which sees only itself as member."""
    seen = [c for c in world.channels_of(of) if world.sees(world.bot.id, c)]
    own = of.members[world.bot.id]
    return {
        **guild(of),
        "joined_at": stamp(own.joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(of.members),
        "members": [member(own, world.bot)],
        "channels": [channel(world, c) for c in seen if not c.is_thread],
        "threads": [channel(world, c) for c in seen if c.is_thread and not c.archived],
        **{
            k: []
            for k in (
                "voice_states",
                "presences",
                "stage_instances",
                "guild_scheduled_events",
                "soundboard_sounds",
            )
        },
    }


def channel(world: World, of: Channel, viewer: str | None = None) -> Json:
    """A channel; with the viewer's permissions where one is named."""
    last = next(reversed(of.messages), None)
    body: Json = {
        "id": of.id,
        "type": int(of.kind),
        "flags": 0,
        "last_message_id": last,
        "last_pin_timestamp": stamp(of.pinned_at) if of.pinned_at else None,
    }
    if of.kind is ChannelKind.DM:
        return {**body, "recipients": [user(world.users[of.recipient_id or ""])]}
    body |= {"guild_id": of.guild_id, "name": of.name, "parent_id": of.parent_id}
    if viewer is not None:
        body["permissions"] = str(int(world.rights(of, viewer)))
    if of.is_thread:
        return {**body, **_thread(of)}
    overwrites = [
        {"id": o.id, "type": o.kind, "allow": str(int(o.allow)), "deny": str(int(o.deny))}
        for o in of.overwrites
    ]
    body |= {"position": of.position, "permission_overwrites": overwrites, "nsfw": False}
    if of.kind is ChannelKind.TEXT:
        body |= {"topic": of.topic, "rate_limit_per_user": 0}
    return body


def _thread(of: Channel) -> Json:
    return {
        "owner_id": of.owner_id,
        "rate_limit_per_user": 0,
        "message_count": len(of.messages),
        "member_count": len(of.joined),
        "total_message_sent": of.sent,
        "thread_metadata": {
            "archived": of.archived,
            "archive_timestamp": stamp(of.created_at),
            "auto_archive_duration": of.auto_archive_minutes,
            "locked": of.locked,
            "create_timestamp": stamp(of.created_at),
            "invitable": of.invitable,
        },
    }


def thread_member(of: Channel, user_id: str) -> Json:
    """Someone's place in a thread."""
    joined = of.joined[user_id]
    return {"id": of.id, "user_id": user_id, "join_timestamp": stamp(joined), "flags": 0}


def application(world: World, redirect_uris: tuple[str, ...] = ()) -> Json:
    """The bot's own application."""
    guilds = sum(world.bot.id in g.members for g in world.guilds.values())
    return {
        "id": world.application_id,
        "name": world.bot.display,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "verify_key": VERIFY_KEY,
        "flags": 0,
        "flags_new": "0",
        "bot": user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "redirect_uris": list(redirect_uris),
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(world.bot),
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["identify", "guilds", "email", "bot", "applications.commands"],
    }
