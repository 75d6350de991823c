DROP TABLE up_departures;
