DROP TABLE up_tickets;
