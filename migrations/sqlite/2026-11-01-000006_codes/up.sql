-- One-time codes; only their SHA-256 is kept.
CREATE TABLE up_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    purpose VARCHAR(32) NOT NULL,
    code_hash VARCHAR(64) NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
