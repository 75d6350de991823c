DROP TABLE up_changes;
