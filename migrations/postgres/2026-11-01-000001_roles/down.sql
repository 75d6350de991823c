DROP TABLE up_roles;
