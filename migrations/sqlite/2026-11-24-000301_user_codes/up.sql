-- Codes mailed to users; only their SHA-256 is kept. One per user and purpose.
CREATE TABLE up_user_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    purpose VARCHAR(32) NOT NULL,
    code_hash VARCHAR(64) NOT NULL UNIQUE,
    -- The address the code was mailed to, and which it proves.
    address VARCHAR(254) NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (user_id, purpose)
);
