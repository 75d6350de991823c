-- When the user of somebody at an issuer was deleted: tokens that the issuer made before are nobody's. The
-- person as a hash, for a while.
CREATE TABLE IF NOT EXISTS up_departures (
    person VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    gone_at DATETIME(6) NOT NULL,
    INDEX up_departures_gone_at (gone_at)
);
