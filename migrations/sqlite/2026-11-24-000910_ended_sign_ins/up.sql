-- Sign-ins to the pages of administrators that were ended by signing out. Each is kept until its cookie
-- would be too old anyway.
CREATE TABLE up_ended_sign_ins (
    sign_in TEXT PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX up_ended_sign_ins_expires_at ON up_ended_sign_ins (expires_at);
