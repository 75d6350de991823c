-- Finished social logins that wait for their front end; of each the hash of its ticket and, sealed, who has
-- signed in.
CREATE TABLE IF NOT EXISTS up_tickets (
    ticket_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    provider VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    challenge VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    sealed MEDIUMBLOB NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    INDEX up_tickets_expires_at (expires_at)
);
