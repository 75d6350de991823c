CREATE TABLE IF NOT EXISTS up_permissions (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    role_id INTEGER NOT NULL,
    action_id INTEGER NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE (role_id, action_id),
    FOREIGN KEY (role_id) REFERENCES up_roles (id) ON DELETE CASCADE,
    FOREIGN KEY (action_id) REFERENCES up_actions (id) ON DELETE CASCADE
);
