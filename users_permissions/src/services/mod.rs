//! Use cases. Each reads as the sentence that describes it: no SQL, no HTTP shapes.

mod bootstrap;
mod login;
mod passwords;
mod principals;
mod register;
mod rights;
mod roles;
mod setup;
mod sync;
mod tokens;
mod users;
mod users_query;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::acl::Catalog;
use crate::config::Config;
use crate::model::{AdvancedSettings, UserId, UserRoles};
use crate::store::Store;

pub(crate) use bootstrap::start;
pub(crate) use login::Login;
pub(crate) use passwords::Hasher;
pub(crate) use principals::{Principal, Principals, Slot};
pub(crate) use register::Registration;
pub(crate) use rights::{Rights, RightsReader};
pub(crate) use roles::{RoleInput, RoleSummary};
pub(crate) use sync::follow_other_instances;
pub(crate) use tokens::{Tokens, VerifiedToken, unix_now};
pub(crate) use users::{Account, NewAccount, UserChange};
pub(crate) use users_query::{role_schema, user_schema};

/// What use cases work with; one per plugin.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) principals: Principals,
    pub(crate) tokens: Tokens,
    pub(crate) hasher: Hasher,
    pub(crate) settings: ArcSwap<AdvancedSettings>,
}

/// Who performs a use case, for the rule that nobody hands out what they lack.
#[derive(Debug, Clone)]
pub(crate) enum Actor {
    /// A caller without a token.
    Public,
    /// A user and what it is.
    User { id: UserId, roles: UserRoles },
}

impl Actor {
    /// The user, for the log.
    pub(crate) fn id(&self) -> Option<UserId> {
        match self {
            Self::Public => None,
            Self::User { id, .. } => Some(*id),
        }
    }
}
