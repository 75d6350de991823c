-- States that have come back from a provider, as hashes: none does so twice.
CREATE TABLE IF NOT EXISTS up_states (
    state_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    expires_at DATETIME(6) NOT NULL,
    INDEX up_states_expires_at (expires_at)
);
