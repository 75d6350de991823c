-- States that have come back from a provider, as hashes: none does so twice.
CREATE TABLE up_states (
    state_hash VARCHAR(64) PRIMARY KEY,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX up_states_expires_at ON up_states (expires_at);
