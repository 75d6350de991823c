CREATE TABLE up_users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    document_id VARCHAR(24) NOT NULL UNIQUE,
    username VARCHAR(255) NOT NULL UNIQUE,
    email VARCHAR(254) NOT NULL,
    -- The canonical address while `unique_email` is on, else NULL: the constraint carries uniqueness.
    email_key VARCHAR(254) UNIQUE,
    provider VARCHAR(64) NOT NULL,
    password_hash VARCHAR(80),
    confirmed BOOLEAN NOT NULL,
    blocked BOOLEAN NOT NULL,
    token_version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
-- Whatever a list can be sorted by; of equal ones, by id.
CREATE INDEX up_users_email ON up_users (email, id);
CREATE INDEX up_users_provider ON up_users (provider, id);
CREATE INDEX up_users_confirmed ON up_users (confirmed, id);
CREATE INDEX up_users_blocked ON up_users (blocked, id);
CREATE INDEX up_users_created_at ON up_users (created_at, id);
CREATE INDEX up_users_updated_at ON up_users (updated_at, id);
