-- Codes mailed to users; only their SHA-256 is kept. One per user and purpose.
CREATE TABLE IF NOT EXISTS up_user_codes (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    purpose VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    code_hash VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    -- The address the code was mailed to, and which it proves.
    address VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    used_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    UNIQUE (user_id, purpose),
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
