-- Mails on their way. The sealed content goes away once it was sent.
CREATE TABLE IF NOT EXISTS up_outbox (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    message_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    kind VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    recipient VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    subject TEXT CHARACTER SET utf8mb4 NOT NULL,
    sealed MEDIUMBLOB,
    -- queued, sent, dead; kept: written where there is no mail server.
    state VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    attempts INTEGER NOT NULL,
    -- Not to be tried before; while one instance tries, the end of its lease.
    due_at DATETIME(6) NOT NULL,
    claim VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    last_error TEXT CHARACTER SET utf8mb4,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    INDEX up_outbox_due (state, due_at)
);
