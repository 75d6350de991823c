-- Where users are signed in: one row per session, which is deleted when the session ends. Of refresh
-- tokens only the SHA-256 is kept.
CREATE TABLE up_sessions (
    session_id VARCHAR(32) PRIMARY KEY NOT NULL,
    user_id INTEGER NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    token_hash VARCHAR(64) NOT NULL,
    device_id VARCHAR(128),
    device_name VARCHAR(64),
    -- Its refresh token is in a cookie and never shown to scripts.
    in_cookie BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_active_at TIMESTAMP NOT NULL,
    -- When the present refresh token ends; no later than ends_at, the end of the session.
    expires_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL
);
CREATE INDEX up_sessions_user ON up_sessions (user_id, last_active_at);
CREATE INDEX up_sessions_expires_at ON up_sessions (expires_at);
