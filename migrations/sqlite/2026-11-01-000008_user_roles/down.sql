DROP TABLE up_user_roles;
