-- Mails that somebody asked for, for whoever has the address. Written before the answer, whether anybody
-- has it or not, and deleted in the transaction that writes the mail.
CREATE TABLE up_mail_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    purpose VARCHAR(32) NOT NULL,
    address VARCHAR(254) NOT NULL,
    attempts INTEGER NOT NULL,
    -- Not to be looked at before; while one instance works on it, the end of its claim.
    due_at TIMESTAMP NOT NULL,
    claim VARCHAR(32),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX up_mail_requests_due ON up_mail_requests (due_at);
