-- Finished social logins that wait for their front end; of each the hash of its ticket and, sealed, who has
-- signed in.
CREATE TABLE up_tickets (
    ticket_hash VARCHAR(64) PRIMARY KEY,
    provider VARCHAR(64) NOT NULL,
    challenge VARCHAR(64),
    sealed BYTEA NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX up_tickets_expires_at ON up_tickets (expires_at);
