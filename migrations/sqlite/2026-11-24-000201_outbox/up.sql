-- Mails on their way. The sealed content goes away once it was sent.
CREATE TABLE up_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    message_id VARCHAR(128) NOT NULL UNIQUE,
    kind VARCHAR(32) NOT NULL,
    recipient VARCHAR(254) NOT NULL,
    subject TEXT NOT NULL,
    sealed BLOB,
    -- queued, sent, dead; kept: written where there is no mail server.
    state VARCHAR(8) NOT NULL,
    attempts INTEGER NOT NULL,
    -- Not to be tried before; while one instance tries, the end of its lease.
    due_at TIMESTAMP NOT NULL,
    claim VARCHAR(32),
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX up_outbox_due ON up_outbox (state, due_at);
