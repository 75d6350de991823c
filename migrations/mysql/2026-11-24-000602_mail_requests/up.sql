-- Mails that somebody asked for, for whoever has the address. Written before the answer, whether anybody
-- has it or not, and deleted in the transaction that writes the mail.
CREATE TABLE IF NOT EXISTS up_mail_requests (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    purpose VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    address VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    attempts INTEGER NOT NULL,
    -- Not to be looked at before; while one instance works on it, the end of its claim.
    due_at DATETIME(6) NOT NULL,
    claim VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    created_at DATETIME(6) NOT NULL,
    INDEX up_mail_requests_due (due_at)
);
