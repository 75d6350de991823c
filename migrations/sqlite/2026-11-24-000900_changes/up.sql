-- Who changed which role, user or setting. Rows are added and never touched again; nothing refers to
-- them and they refer to nothing, so they outlive whom they speak of.
CREATE TABLE up_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    actor_id INTEGER,
    actor VARCHAR(255) NOT NULL,
    origin VARCHAR(64) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    target_id INTEGER,
    target VARCHAR(255) NOT NULL,
    -- JSON: what was changed, from what, to what.
    changes TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX up_changes_kind ON up_changes (kind, id);
CREATE INDEX up_changes_actor ON up_changes (actor, id);
