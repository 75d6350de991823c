DROP TABLE up_users;
