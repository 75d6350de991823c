-- Who users are elsewhere: at a provider of social login, or at a trusted issuer. The triple names a
-- person; the address is for display. Providers without an issuer have an empty one.
CREATE TABLE up_identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES up_users (id) ON DELETE CASCADE,
    provider VARCHAR(64) NOT NULL,
    issuer VARCHAR(255) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    email VARCHAR(254),
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX up_identities_person ON up_identities (issuer, subject, provider);
CREATE INDEX up_identities_user_id ON up_identities (user_id);
