-- The newest users of a role, without sorting all of them. The other databases' index of roles has the
-- user's id behind the role's already.
CREATE INDEX up_user_roles_members ON up_user_roles (role_id, user_id);
DROP INDEX up_user_roles_role_id;
