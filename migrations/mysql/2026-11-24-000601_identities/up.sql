-- Who users are elsewhere: at a provider of social login, or at a trusted issuer. The triple names a
-- person; the address is for display. Providers without an issuer have an empty one.
CREATE TABLE IF NOT EXISTS up_identities (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    provider VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    issuer VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    subject VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    created_at DATETIME(6) NOT NULL,
    UNIQUE INDEX up_identities_person (issuer, subject, provider),
    INDEX up_identities_user_id (user_id),
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
