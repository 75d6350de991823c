-- Users whose address was changed and not proven since: no code that opens the account goes there.
CREATE TABLE IF NOT EXISTS up_unproven (
    user_id INTEGER NOT NULL PRIMARY KEY,
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
