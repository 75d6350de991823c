CREATE TABLE IF NOT EXISTS up_users (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    document_id VARCHAR(24) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    username VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    -- The canonical address while `unique_email` is on, else NULL: the constraint carries uniqueness.
    email_key VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE,
    provider VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    password_hash VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    confirmed BOOLEAN NOT NULL,
    blocked BOOLEAN NOT NULL,
    token_version INTEGER NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    -- Whatever a list can be sorted by; of equal ones, by id.
    INDEX up_users_email (email, id),
    INDEX up_users_provider (provider, id),
    INDEX up_users_confirmed (confirmed, id),
    INDEX up_users_blocked (blocked, id),
    INDEX up_users_created_at (created_at, id),
    INDEX up_users_updated_at (updated_at, id)
);
