-- One-time codes; only their SHA-256 is kept.
CREATE TABLE IF NOT EXISTS up_codes (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    purpose VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    code_hash VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    expires_at DATETIME(6) NOT NULL,
    used_at DATETIME(6),
    created_at DATETIME(6) NOT NULL
);
