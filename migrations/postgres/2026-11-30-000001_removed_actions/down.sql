DROP TABLE up_removed_actions;
