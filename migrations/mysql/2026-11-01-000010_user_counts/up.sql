-- How many users there are in each stretch of ids: where a deep page begins is known without walking
-- over the users before it.
CREATE TABLE IF NOT EXISTS up_user_counts (
    stretch INTEGER NOT NULL PRIMARY KEY,
    users INTEGER NOT NULL
);
