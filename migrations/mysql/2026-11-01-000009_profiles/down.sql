DROP TABLE up_profiles;
