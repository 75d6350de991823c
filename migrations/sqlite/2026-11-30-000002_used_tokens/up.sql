-- Refresh tokens that were exchanged lately, as SHA-256: one that comes again within a span does not end its
-- session.
CREATE TABLE up_used_tokens (
    token_hash VARCHAR(64) PRIMARY KEY NOT NULL,
    session_id VARCHAR(32) NOT NULL REFERENCES up_sessions (session_id) ON DELETE CASCADE,
    used_at TIMESTAMP NOT NULL
);
CREATE INDEX up_used_tokens_session ON up_used_tokens (session_id);
