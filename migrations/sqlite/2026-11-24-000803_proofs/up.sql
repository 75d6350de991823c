-- Addresses that users have proven, by a mailed code or by a provider; `confirmed` alone may be a setting.
CREATE TABLE up_proofs (
    user_id INTEGER PRIMARY KEY NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    address TEXT NOT NULL
);
