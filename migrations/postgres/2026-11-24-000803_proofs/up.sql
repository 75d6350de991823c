-- Addresses that users have proven, by a mailed code or by a provider; `confirmed` alone may be a setting.
CREATE TABLE up_proofs (
    user_id INTEGER PRIMARY KEY REFERENCES up_users (id) ON DELETE CASCADE,
    address VARCHAR(254) NOT NULL
);
