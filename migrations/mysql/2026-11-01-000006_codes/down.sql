DROP TABLE up_codes;
