DROP TABLE up_actions;
