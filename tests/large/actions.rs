//! Two thousand actions: a hundred types with twenty actions each.

use users_permissions::__private::{ActionEntry, Registration, inventory};

pub const FIRST: &str = "api::aa.aa.archive";
pub const LAST: &str = "api::jj.jj.withdraw";

macro_rules! cross {
    ([$($one:tt)*] $two:tt $names:tt) => { $(cross!(@two $one $two $names);)* };
    (@two $one:tt [$($two:tt)*] $names:tt) => { $(cross!(@name $one $two $names);)* };
    (@name $one:tt $two:tt [$($name:ident)*]) => {
        $(const _: () = {
            static ENTRY: ActionEntry = ActionEntry::new(
                concat!("api::", stringify!($one), stringify!($two), ".", stringify!($one), stringify!($two), ".", stringify!($name)),
                concat!("large::", stringify!($one), stringify!($two), "::", stringify!($name)),
                file!(),
                line!(),
                concat!("What the shop does when somebody wants to ", stringify!($name), " things of type ", stringify!($one), stringify!($two), "."),
                &[],
                false,
                &[],
            );
            inventory::submit! { Registration(&ENTRY) }
        };)*
    };
}

cross!(
    [a b c d e f g h i j]
    [a b c d e f g h i j]
    [archive assign cancel close copy count create delete export find findOne import lock merge open publish restore share update withdraw]
);
