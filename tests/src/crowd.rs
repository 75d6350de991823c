//! Many users at once, added past the plugin.

use crate::{Kind, TestDatabase};

impl TestDatabase {
    /// Adds thousands of users of the role `authenticated`, `crowd<id>` by name, with ids from `first` on. Digits are
    /// joined with digits, for recursion differs between dialects.
    pub fn add_crowd(&self, first: i64, thousands: i64) {
        let digits = "(SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                       UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
        let named = |prefix: &str, suffix: &str| match self.kind() {
            Kind::Mysql => format!("CONCAT('{prefix}', n, '{suffix}')"),
            Kind::Sqlite | Kind::Postgres => format!("'{prefix}' || n || '{suffix}'"),
        };
        let role = self.number("SELECT id FROM up_roles WHERE role_type = 'authenticated'");
        for thousand in 0..thousands {
            let first = first + 1_000 * thousand;
            self.execute(&format!(
                "INSERT INTO up_users (id, document_id, username, email, email_key, provider, password_hash, confirmed, blocked,
                                       token_version, created_at, updated_at)
                 SELECT n, {}, {}, {}, {}, 'local', NULL, TRUE, FALSE, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00'
                 FROM (SELECT {first} + a.i + 10 * b.i + 100 * c.i AS n FROM {digits} a, {digits} b, {digits} c) numbers",
                named("document", ""), named("crowd", ""), named("crowd", "@example.com"), named("crowd", "@example.com"),
            ));
            self.execute(&format!(
                "INSERT INTO up_user_roles (user_id, place, role_id) SELECT id, 0, {role} FROM up_users WHERE id >= {first} AND id < {first} + 1000"
            ));
        }
    }
}
