-- What users have beside the columns of every user: a row for each field an application declares and the
-- user has a value of.
CREATE TABLE IF NOT EXISTS up_profiles (
    user_id INTEGER NOT NULL,
    name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    text_value VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    integer_value INTEGER,
    boolean_value BOOLEAN,
    time_value DATETIME(6),
    PRIMARY KEY (user_id, name),
    INDEX up_profiles_text (name, text_value),
    INDEX up_profiles_integer (name, integer_value),
    INDEX up_profiles_boolean (name, boolean_value),
    INDEX up_profiles_time (name, time_value),
    FOREIGN KEY (user_id) REFERENCES up_users (id) ON DELETE CASCADE
);
