-- Users whose proven address was proven by who holds every way in. Behind other proofs may be somebody else:
-- a mailed link tells its reader nothing of who has registered. Users of providers never had a password.
CREATE TABLE IF NOT EXISTS up_claims (
    user_id INTEGER NOT NULL PRIMARY KEY,
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
INSERT IGNORE INTO up_claims (user_id)
SELECT up_proofs.user_id FROM up_proofs
INNER JOIN up_users ON up_users.id = up_proofs.user_id
WHERE up_users.provider <> 'local';
