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
CREATE INDEX up_users_email ON up_users (email);
