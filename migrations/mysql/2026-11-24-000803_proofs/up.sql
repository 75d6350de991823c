-- Addresses that users have proven, by a mailed code or by a provider; `confirmed` alone may be a setting.
CREATE TABLE IF NOT EXISTS up_proofs (
    user_id INTEGER NOT NULL PRIMARY KEY,
    address VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
