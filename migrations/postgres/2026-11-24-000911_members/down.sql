CREATE INDEX up_user_roles_role_id ON up_user_roles (role_id);
DROP INDEX up_user_roles_members;
