//! What `#[permission]` accepts, and what it says about everything else.
//!
//! What it accepts are modules of this program: so they are linked once. A package of its own, for
//! every dependency of it is compiled again for what is refused.

use users_permissions::__private::{ActionEntry, Registration, inventory};

mod accepted {
    mod above_the_route;
    mod answers;
    mod below_the_route;
    mod generics;
    mod other_attributes;
    mod plain_function;
    mod policies;
    mod scopes;
    mod several_routes;
    mod sixteen_extractors;
    mod strict_crate;
}

/// What the macro wrote down about an action of the given source file.
fn entry(file: &str, action: &str) -> &'static ActionEntry {
    let mut entries = inventory::iter::<Registration>
        .into_iter()
        .map(|registration| registration.0);
    entries
        .find(|entry| entry.file == file && entry.action == action)
        .unwrap()
}

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("refused/*.rs");
}
