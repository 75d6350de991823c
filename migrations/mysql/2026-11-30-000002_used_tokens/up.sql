-- Refresh tokens that were exchanged lately, as SHA-256: one that comes again within a span does not end its
-- session.
CREATE TABLE IF NOT EXISTS up_used_tokens (
    token_hash VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    session_id VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    used_at DATETIME(6) NOT NULL,
    INDEX up_used_tokens_session (session_id),
    FOREIGN KEY (session_id) REFERENCES up_sessions (session_id) ON DELETE CASCADE
);
