-- When the user of somebody at an issuer was deleted: tokens that the issuer made before are nobody's. The
-- person as a hash, for a while.
CREATE TABLE up_departures (
    person VARCHAR(64) PRIMARY KEY,
    gone_at TIMESTAMP NOT NULL
);
CREATE INDEX up_departures_gone_at ON up_departures (gone_at);
