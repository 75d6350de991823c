-- Sign-ins to the pages of administrators that were ended by signing out. Each is kept until its cookie
-- would be too old anyway.
CREATE TABLE IF NOT EXISTS up_ended_sign_ins (
    sign_in VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    expires_at DATETIME(6) NOT NULL,
    INDEX up_ended_sign_ins_expires_at (expires_at)
);
