DROP TABLE up_user_codes;
