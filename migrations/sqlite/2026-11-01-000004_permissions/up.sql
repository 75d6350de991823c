CREATE TABLE up_permissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    role_id INTEGER NOT NULL REFERENCES up_roles (id) ON DELETE CASCADE,
    action_id INTEGER NOT NULL REFERENCES up_actions (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (role_id, action_id)
);
