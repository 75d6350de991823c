-- Where users are signed in: one row per session, which is deleted when the session ends. Of refresh
-- tokens only the SHA-256 is kept.
CREATE TABLE IF NOT EXISTS up_sessions (
    session_id VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    user_id INTEGER NOT NULL,
    token_hash VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    device_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    device_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    -- Its refresh token is in a cookie and never shown to scripts.
    in_cookie BOOLEAN NOT NULL,
    created_at DATETIME(6) NOT NULL,
    last_active_at DATETIME(6) NOT NULL,
    -- When the present refresh token ends; no later than ends_at, the end of the session.
    expires_at DATETIME(6) NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    INDEX up_sessions_user (user_id, last_active_at),
    INDEX up_sessions_expires_at (expires_at),
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
