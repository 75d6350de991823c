-- States that have come back from a provider, as hashes: none does so twice.
CREATE TABLE up_states (
    state_hash TEXT PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX up_states_expires_at ON up_states (expires_at);
