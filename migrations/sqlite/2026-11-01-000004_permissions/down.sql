DROP TABLE up_permissions;
