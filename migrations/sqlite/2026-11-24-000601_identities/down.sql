DROP TABLE up_identities;
