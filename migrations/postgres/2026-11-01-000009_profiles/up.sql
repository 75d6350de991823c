-- What users have beside the columns of every user: a row for each field an application declares and the
-- user has a value of.
CREATE TABLE up_profiles (
    user_id INTEGER NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    name VARCHAR(64) NOT NULL,
    text_value VARCHAR(255),
    integer_value INTEGER,
    boolean_value BOOLEAN,
    time_value TIMESTAMP,
    PRIMARY KEY (user_id, name)
);
CREATE INDEX up_profiles_text ON up_profiles (name, text_value);
CREATE INDEX up_profiles_integer ON up_profiles (name, integer_value);
CREATE INDEX up_profiles_boolean ON up_profiles (name, boolean_value);
CREATE INDEX up_profiles_time ON up_profiles (name, time_value);
