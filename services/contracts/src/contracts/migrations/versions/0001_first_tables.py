"""Templates, drafts, contracts, signatures, execution jobs and signing links."""

from alembic import op
from chassis.storage.schema import append_only, common_tables, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OWN = """
CREATE TABLE templates (
    version integer PRIMARY KEY CHECK (version >= 1),
    source text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    active boolean NOT NULL,
    note text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX templates_one_active ON templates (active) WHERE active;

CREATE TABLE drafts (
    contract_id text PRIMARY KEY CHECK (contract_id LIKE 'ctr\\_%'),
    terms text NOT NULL,
    template_version integer NOT NULL REFERENCES templates,
    drafted_at timestamptz NOT NULL
);

CREATE TABLE contracts (
    contract_id text PRIMARY KEY CHECK (contract_id LIKE 'ctr\\_%'),
    deal_id text NOT NULL UNIQUE,
    listing_id text NOT NULL,
    seller_id text NOT NULL,
    buyer_id text NOT NULL CHECK (buyer_id <> seller_id),
    terms text NOT NULL,
    terms_sha256 text NOT NULL
        CHECK (terms_sha256 = encode(sha256(convert_to(terms, 'UTF8')), 'hex')),
    pdf_sha256 text UNIQUE CHECK (pdf_sha256 ~ '^[0-9a-f]{64}$'),
    template_version integer NOT NULL REFERENCES templates,
    state text NOT NULL CHECK (state IN
        ('PENDING_SIGNATURE', 'EXECUTING', 'EXECUTED', 'EXECUTION_FAILED', 'VOID')),
    version bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    sign_before timestamptz NOT NULL,
    executed_at timestamptz,
    void_reason text NOT NULL DEFAULT '',
    CHECK (state = 'VOID' OR pdf_sha256 IS NOT NULL),
    CHECK ((state = 'EXECUTED') = (executed_at IS NOT NULL)),
    CHECK ((state = 'VOID') = (void_reason <> ''))
);
CREATE INDEX contracts_of_seller ON contracts (seller_id, created_at, contract_id);
CREATE INDEX contracts_of_buyer ON contracts (buyer_id, created_at, contract_id);

CREATE TABLE signatures (
    contract_id text NOT NULL REFERENCES contracts,
    side text NOT NULL CHECK (side IN ('buyer', 'seller')),
    signer_id text NOT NULL,
    method text NOT NULL CHECK (method IN ('discord', 'rest', 'web')),
    terms_sha256 text NOT NULL,
    signed_at timestamptz NOT NULL,
    request_id text NOT NULL,
    ip text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    PRIMARY KEY (contract_id, side)
);

CREATE TABLE execution_jobs (
    contract_id text PRIMARY KEY REFERENCES contracts,
    state text NOT NULL CHECK (state IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    attempts integer NOT NULL CHECK (attempts BETWEEN 0 AND 3),
    last_error text NOT NULL DEFAULT ''
);

CREATE TABLE signing_links (
    link_id text PRIMARY KEY CHECK (link_id LIKE 'sln\\_%'),
    contract_id text NOT NULL REFERENCES contracts,
    user_id text NOT NULL,
    token_sha256 text UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE UNIQUE INDEX signing_links_one_open ON signing_links (contract_id, user_id)
    WHERE used_at IS NULL;
COMMENT ON COLUMN signing_links.token_sha256 IS
    'Of the secret in the newest URL handed out; none until a URL is asked for.';
"""

_RIGHTS = """
GRANT SELECT, INSERT ON contracts TO contracts;
GRANT UPDATE (state, version, executed_at, void_reason) ON contracts TO contracts;
GRANT SELECT, INSERT ON templates TO contracts;
GRANT UPDATE (active) ON templates TO contracts;
"""


def upgrade() -> None:
    op.execute(common_tables("contracts"))
    op.execute(_OWN)
    op.execute(_RIGHTS)
    op.execute(append_only("signatures", "contracts"))
    op.execute(grant("contracts", "drafts", "execution_jobs", "signing_links"))


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
