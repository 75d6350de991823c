//! Use cases. Each reads as the sentence that describes it: no SQL, no HTTP shapes.

mod bootstrap;
mod change_provider;
mod change_roles;
mod change_settings;
mod changes;
mod check_settings;
mod claims;
mod confirmation;
mod delivery;
mod departures;
mod expected_user;
mod flows;
mod hasher;
mod hooks;
mod identities;
mod issuer_users;
mod issuers;
mod key_pairs;
mod letters;
mod login;
mod mail_requests;
mod mail_thread;
mod mails;
#[cfg(feature = "admin")]
mod manage_providers;
#[cfg(feature = "admin")]
mod manage_users;
mod newcomers;
mod outbox;
mod passwords;
mod pauses;
mod principals;
mod provider_secrets;
mod provider_tokens;
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
mod shared_time;
#[cfg(feature = "admin")]
mod sign_ins;
mod social;
mod social_login;
mod sync;
mod tokens;
mod user_roles;
mod user_writes;
mod users;
mod users_query;
#[cfg(feature = "admin")]
mod walk_users;
mod writes;

use std::net::IpAddr;
use std::sync::Arc;

use crate::acl::Catalog;
use crate::config::Config;
use crate::limits::Limits;
use crate::model::{RoleId, UserId, UserRoles};
use crate::oauth::Asking;
use crate::outbound::OutboundClient;
use crate::store::Store;

pub(crate) use bootstrap::start;
pub(crate) use change_roles::{Grants, RoleChange};
pub(crate) use change_settings::AdvancedChange;
#[cfg(feature = "admin")]
pub(crate) use expected_user::ExpectedUser;
pub(crate) use flows::Flows;
pub(crate) use hasher::Hasher;
pub use hooks::{Hook, NewPassword, RegistrationRequest};
pub(crate) use hooks::{Hooks, store as store_hook};
pub(crate) use identities::{NewLink, SignedIn};
pub use issuer_users::IssuerProfile;
pub(crate) use issuers::{Attested, Issuers};
pub(crate) use key_pairs::KeyPairs;
pub(crate) use letters::Letters;
#[cfg(feature = "admin")]
pub(crate) use login::Attempt;
pub(crate) use login::Login;
pub(crate) use mail_requests::MailRequests;
pub(crate) use mail_thread::MailThread;
pub(crate) use mails::{Delivery, Mails};
#[cfg(feature = "admin")]
pub(crate) use manage_providers::ProviderDetail;
pub(crate) use passwords::PasswordRules;
pub(crate) use principals::{Principals, Slot};
pub(crate) use provider_tokens::Presented;
pub(crate) use providers::{ProviderChange, TEXTS as PROVIDER_TEXTS};
pub(crate) use recovery::PasswordUpdate;
pub(crate) use register::Registration;
pub(crate) use rights::{Rights, RightsReader};
pub(crate) use roles::{RoleDetail, RoleInput, RoleSummary};
pub(crate) use sealing::{CookieKeys, Sealer};
pub(crate) use sessions::{Ending, RefreshToken};
pub(crate) use settings::Settings;
pub(crate) use sync::follow_other_instances;
pub(crate) use tokens::{Proof, Tokens, VerifiedToken};
pub(crate) use users::{Account, NewAccount, UserChange};
pub(crate) use users_query::{role_schema, user_schema};
#[cfg(feature = "admin")]
pub(crate) use walk_users::{Counted, Lead, NEWEST_FIRST, Part, Place};

/// What use cases work with; one per plugin.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) principals: Arc<Principals>,
    pub(crate) tokens: Tokens,
    pub(crate) issuers: Issuers,
    pub(crate) hasher: Hasher,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hooks: Hooks,
    pub(crate) password_rules: PasswordRules,
    pub(crate) settings: Arc<Settings>,
    pub(crate) mails: Arc<Mails>,
    /// What providers are asked with.
    pub(crate) asking: Arc<Asking>,
    pub(crate) sealer: Arc<Sealer>,
    /// Social logins on their way, where instances share something.
    pub(crate) flows: Arc<Flows>,
    /// Encrypt the cookie of a social login.
    pub(crate) flow_keys: sealing::CookieKeys,
    pub(crate) letters: Letters,
    pub(crate) outbound: Arc<OutboundClient>,
    pub(crate) mail_requests: Arc<MailRequests>,
    /// Encrypt the cookies of administrators.
    #[cfg(feature = "admin")]
    pub(crate) admin_keys: sealing::CookieKeys,
    /// Writes and sends mails as long as the services live.
    _mail_thread: MailThread,
}

/// Who performs a use case, for the rule that nobody hands out what they lack.
#[derive(Debug, Clone)]
pub(crate) enum Actor {
    /// A caller without a token.
    Public,
    /// A user and what it is.
    User {
        id: UserId,
        name: String,
        roles: UserRoles,
        /// Address it calls from.
        origin: IpAddr,
    },
    /// Somebody of a trusted issuer who is no user.
    Stranger {
        /// The subject, as the issuer calls it.
        name: String,
        roles: Vec<RoleId>,
        /// Address it calls from.
        origin: IpAddr,
    },
}

impl Actor {
    /// The user, for the log.
    pub(crate) fn id(&self) -> Option<UserId> {
        match self {
            Self::Public | Self::Stranger { .. } => None,
            Self::User { id, .. } => Some(*id),
        }
    }
}
