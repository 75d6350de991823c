DROP TABLE up_endings;
