DROP TABLE up_unproven;
