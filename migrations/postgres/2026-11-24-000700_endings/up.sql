-- Whose session ended with which step of the line of changes: a step that stands here concerns nobody else.
-- The latest only.
CREATE TABLE up_endings (
    revision BIGINT NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL
);
