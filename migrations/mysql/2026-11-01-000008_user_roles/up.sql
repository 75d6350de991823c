-- The roles of users: narrow, so that moving a crowd to another role touches little. Place 0 is the
-- primary role, which every user has.
CREATE TABLE IF NOT EXISTS up_user_roles (
    user_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, place),
    INDEX up_user_roles_role_id (role_id),
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE,
    FOREIGN KEY (role_id) REFERENCES up_roles (id)
);
