//! Social login: the providers, and what is said to them. Knows no database and no requests; accounts are
//! made in `services`.
//!
//! ```
//! use users_permissions::UsersPermissions;
//! use users_permissions::oauth::Provider;
//!
//! let builder = UsersPermissions::builder().providers(|registry| {
//!     registry.add("okta", Provider::openid("https://dev-1.okta.com").display_name("Okta"));
//! });
//! # let _ = builder;
//! ```

mod answers;
mod builtin;
mod callback;
mod discovery;
mod effective;
mod enabled;
mod exchange;
mod flow;
mod id_token;
mod oauth1;
mod on_login;
mod profile;
mod provider;
mod provider_token;
mod registry;
mod subdomain;
#[cfg(feature = "admin")]
mod trial;

pub use answers::Answers;
pub(crate) use callback::{CallbackRule, is_callback};
pub(crate) use effective::{Asking, Effective};
pub use enabled::EnabledProvider;
pub(crate) use flow::{Arrival, Flow, FlowError};
pub use on_login::{ProviderLogin, UserChanges};
pub(crate) use profile::EmailProof;
pub use profile::{Profile, ProviderError};
pub use provider::{ClientAuth, Provider};
pub(crate) use provider_token::ProviderToken;
pub use registry::ProviderRegistry;
#[cfg(feature = "admin")]
pub(crate) use trial::Finding;
