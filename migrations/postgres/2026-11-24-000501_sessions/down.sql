DROP TABLE up_sessions;
