DROP TABLE up_outbox;
