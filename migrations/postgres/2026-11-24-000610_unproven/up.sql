-- Users whose address was changed and not proven since: no code that opens the account goes there.
CREATE TABLE up_unproven (
    user_id INTEGER PRIMARY KEY REFERENCES up_users (id) ON DELETE CASCADE
);
