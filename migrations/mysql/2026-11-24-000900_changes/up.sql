-- Who changed which role, user or setting. Rows are added and never touched again; nothing refers to
-- them and they refer to nothing, so they outlive whom they speak of.
CREATE TABLE IF NOT EXISTS up_changes (
    id INTEGER AUTO_INCREMENT PRIMARY KEY,
    actor_id INTEGER,
    actor VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    origin VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    kind VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    target_id INTEGER,
    target VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    -- JSON: what was changed, from what, to what.
    changes MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    created_at DATETIME(6) NOT NULL,
    INDEX up_changes_kind (kind, id),
    INDEX up_changes_actor (actor, id)
);
