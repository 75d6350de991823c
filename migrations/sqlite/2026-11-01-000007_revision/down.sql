DROP TABLE up_revision;
