"""People, their accounts, links, sessions and keys."""

from alembic import op
from chassis.storage.schema import common_tables, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    user_id text PRIMARY KEY CHECK (user_id LIKE 'usr\\_%'),
    discord_id text NOT NULL UNIQUE,
    tier text NOT NULL CHECK (tier IN ('TIER_0', 'TIER_1', 'TIER_2')),
    role text NOT NULL CHECK (role IN ('USER', 'ARBITRATOR', 'ADMIN')),
    suspended boolean NOT NULL DEFAULT false,
    locale text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL CHECK (version >= 1)
);

CREATE TABLE consents (
    user_id text NOT NULL REFERENCES users,
    terms_version text NOT NULL,
    given_at timestamptz NOT NULL,
    door text NOT NULL CHECK (door IN ('rest', 'discord')),
    PRIMARY KEY (user_id, terms_version)
);

CREATE TABLE linked_accounts (
    provider text NOT NULL CHECK (provider IN ('discord', 'roblox')),
    provider_user_id text NOT NULL,
    user_id text NOT NULL REFERENCES users,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (provider, provider_user_id),
    UNIQUE (user_id, provider)
);

CREATE TABLE links (
    link_id text PRIMARY KEY CHECK (link_id LIKE 'lnk\\_%'),
    user_id text NOT NULL REFERENCES users,
    provider text NOT NULL CHECK (provider IN ('roblox')),
    token_hash text UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    completed_at timestamptz
);
CREATE INDEX links_user ON links (user_id, created_at);
CREATE INDEX links_expiry ON links (expires_at);

CREATE TABLE oauth_states (
    state_hash text PRIMARY KEY,
    browser_hash text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('link', 'login')),
    provider text NOT NULL CHECK (provider IN ('discord', 'roblox')),
    verifier text NOT NULL,
    user_id text REFERENCES users,
    link_id text REFERENCES links ON DELETE CASCADE,
    terms_version text,
    redirect_to text,
    expires_at timestamptz NOT NULL,
    CHECK ((purpose = 'link') = (user_id IS NOT NULL AND link_id IS NOT NULL))
);
CREATE INDEX oauth_states_expiry ON oauth_states (expires_at);

CREATE TABLE sessions (
    session_id text PRIMARY KEY CHECK (session_id LIKE 'ses\\_%'),
    user_id text NOT NULL REFERENCES users,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_live ON sessions (user_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash text PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE api_keys (
    key_id text PRIMARY KEY CHECK (key_id LIKE 'key\\_%'),
    user_id text NOT NULL REFERENCES users,
    name text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    hint text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) >= 1),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_live ON api_keys (user_id, created_at) WHERE revoked_at IS NULL;

-- The clean-up sets itself again each time; this row is its first time.
INSERT INTO timers (timer_id, kind, subject_id, due_at)
VALUES ('identity.clean_up:identity', 'identity.clean_up', 'identity', now());
"""


def upgrade() -> None:
    op.execute(common_tables("identity"))
    op.execute(TABLES)
    op.execute(
        grant(
            "identity",
            "users",
            "consents",
            "linked_accounts",
            "links",
            "oauth_states",
            "sessions",
            "refresh_tokens",
            "api_keys",
        )
    )


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
