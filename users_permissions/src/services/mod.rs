//! Use cases. Each reads as the sentence that describes it: no SQL, no HTTP shapes.

mod bootstrap;
mod change_settings;
mod confirmation;
mod delivery;
mod hooks;
mod identities;
mod letters;
mod login;
mod mails;
mod outbox;
mod passwords;
mod principals;
mod providers;
mod recovery;
mod register;
mod rights;
mod roles;
mod sealing;
mod session_tokens;
mod sessions;
mod settings;
mod setup;
mod social;
mod social_login;
mod sync;
mod tokens;
mod users;
mod users_query;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::acl::Catalog;
use crate::config::Config;
use crate::limits::Limits;
use crate::model::{UserId, UserRoles};
use crate::oauth::Asking;
use crate::outbound::OutboundClient;
use crate::store::Store;

pub(crate) use bootstrap::start;
pub(crate) use change_settings::AdvancedChange;
pub use hooks::{Hook, NewPassword, RegistrationRequest};
pub(crate) use hooks::{Hooks, store as store_hook};
pub(crate) use identities::NewLink;
pub(crate) use letters::Letters;
pub(crate) use login::Login;
pub(crate) use mails::{Delivery, Mails};
pub(crate) use outbox::OutboxThread;
pub(crate) use passwords::{Hasher, PasswordRules};
pub(crate) use principals::{Principals, Slot};
pub(crate) use providers::{ProviderChange, TEXTS as PROVIDER_TEXTS};
pub(crate) use recovery::PasswordUpdate;
pub(crate) use register::Registration;
pub(crate) use rights::{Rights, RightsReader};
pub(crate) use roles::{RoleInput, RoleSummary};
pub(crate) use sealing::{FlowKey, Sealer};
pub(crate) use sessions::{Ending, RefreshToken};
pub(crate) use settings::Settings;
pub(crate) use sync::follow_other_instances;
pub(crate) use tokens::{Proof, Tokens, VerifiedToken, unix_now};
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
    pub(crate) limits: Arc<Limits>,
    pub(crate) hooks: Hooks,
    pub(crate) password_rules: PasswordRules,
    pub(crate) settings: Arc<Settings>,
    pub(crate) mails: Arc<Mails>,
    /// What providers are asked with.
    pub(crate) asking: Arc<Asking>,
    pub(crate) sealer: Arc<Sealer>,
    /// Encrypts the cookie of a social login.
    pub(crate) flow_key: FlowKey,
    pub(crate) letters: Letters,
    pub(crate) outbound: Arc<OutboundClient>,
    /// Turns of the mails that are written after an answer.
    pub(crate) writing: Arc<Semaphore>,
    /// Sends mails as long as the services live.
    _outbox: Option<OutboxThread>,
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
