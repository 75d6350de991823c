-- The roles of users: narrow, so that moving a crowd to another role touches little. Place 0 is the
-- primary role, which every user has.
CREATE TABLE up_user_roles (
    user_id INTEGER NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    role_id INTEGER NOT NULL REFERENCES up_roles (id),
    PRIMARY KEY (user_id, place)
) WITHOUT ROWID;
CREATE INDEX up_user_roles_role_id ON up_user_roles (role_id);
