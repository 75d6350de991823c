//! The start: schema, roles, first grants, first administrator.

use std::collections::HashMap;
use std::sync::Arc;

use super::delivery::{self, WayOut};
use super::mail_requests::RequestWorker;
use super::sealing::cookie_keys;
use super::settings::{self, ADVANCED, Settings};
use super::{
    Flows, Hasher, Hooks, Issuers, KeyPairs, Letters, MailRequests, Mails, PasswordRules,
    Principals, Rights, Sealer, Services, Tokens, hasher, outbox, passwords, provider_secrets,
    providers, rights, setup,
};
use crate::acl::Catalog;
use crate::config::{Config, Environment, FirstAdmin, JwtManagement, SigningKeys};
use crate::error::{Error, Result, StartError};
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::model::{
    ADMINISTRATOR, AUTHENTICATED, AdvancedSettings, Email, PUBLIC, RoleId, SEEDED_ROLES, Username,
};
use crate::oauth::Asking;
use crate::outbound::OutboundClient;
use crate::store::{self, DbConn, Store, StoreError, transaction, with_schema_lock};

/// Actions of the plugin itself, whose first grants no switch turns off.
const OWN_ACTIONS: &str = "plugin::users-permissions.";
/// Tells the whole surface of the API.
const DESCRIPTION: &str = "plugin::users-permissions.openapi.getDocument";

/// Prepares the database and builds the services. Blocks; call it off the request threads.
pub(crate) fn start(
    config: Config,
    catalog: Catalog,
    hooks: Hooks,
    mailer: Option<Arc<dyn Mailer>>,
) -> Result<Services, StartError> {
    let mut config = config.tidy();
    config.validate()?;
    let keys = match &config.signing_keys {
        Some(keys) => keys.clone(),
        None => SigningKeys::load_or_generate(&config.secret_file).map_err(|source| {
            StartError::File {
                path: config.secret_file.display().to_string(),
                source,
            }
        })?,
    };
    warn_about(&config);
    delivery::warn_about(&config);
    if mailer.is_some() {
        // The application's own goes before it.
        config.mail.smtp_url = None;
    }
    let way_out = WayOut::find(&config, mailer)?;
    let hasher = Hasher::start(config.hash_threads, config.bcrypt_cost)
        .map_err(|error| StartError::Database(error.into()))?;
    let limits = Arc::new(Limits::new(&config)?);
    let outbound = Arc::new(OutboundClient::new(&config)?);
    let tokens = tokens(&keys, &config)?;
    let issuers = Issuers::new(&config.trusted_issuers, &outbound)?;
    let database = |error: StoreError| StartError::Database(error.into());
    let store = Store::open(&config.database_url, config.pool_size, config.pool_timeout)
        .map_err(database)?;
    let sealer = Arc::new(Sealer::new(&config, &keys));
    let asking = asking(&config, &hooks, &outbound)?;
    let prepared = with_schema_lock(&store, |conn| {
        Ok(prepare(
            conn,
            &config,
            &catalog,
            &hooks,
            (&sealer, &outbound),
        ))
    })
    .map_err(database)?;
    let (settings, snapshot) = prepared?;
    let settings = Arc::new(settings);
    let mails = Mails::new(
        &config,
        Arc::clone(&settings),
        Arc::clone(&sealer),
        way_out.exists(),
    )?;
    let mails = Arc::new(mails);
    delivery::check(&mails, &settings)?;
    let letters = Letters::new(Arc::clone(&mails), config.code_life.clone());
    let mail_requests = Arc::new(MailRequests::default());
    let worker = RequestWorker {
        store: store.clone(),
        requests: Arc::clone(&mail_requests),
        letters: letters.clone(),
        limits: Arc::clone(&limits),
        config: config.mail.clone(),
    };
    let mail_thread = way_out.open(&mails, worker)?;
    Ok(Services {
        rights: Arc::new(Rights::new(snapshot)),
        principals: Arc::new(Principals::new(config.principal_cache)),
        tokens,
        issuers,
        letters,
        mail_requests,
        _mail_thread: mail_thread,
        flows: Arc::new(Flows::new(&limits, &sealer)),
        flow_keys: cookie_keys(&config, &keys, "social login")
            .map_err(|error| StartError::Database(error.into()))?,
        asking,
        sealer,
        #[cfg(feature = "admin")]
        admin_keys: cookie_keys(&config, &keys, "admin")
            .map_err(|error| StartError::Database(error.into()))?,
        mails,
        settings,
        catalog: Arc::new(catalog),
        password_rules: PasswordRules::new(&config),
        hooks,
        hasher,
        limits,
        outbound,
        store,
        config,
    })
}

/// What providers are asked with, if they can be.
fn asking(
    config: &Config,
    hooks: &Hooks,
    client: &Arc<OutboundClient>,
) -> Result<Arc<Asking>, StartError> {
    let asking = Asking::new(Arc::clone(client), config);
    providers::check_configured(config, &hooks.providers, client)?;
    Ok(Arc::new(asking))
}

fn tokens(keys: &SigningKeys, config: &Config) -> Result<Tokens, StartError> {
    let pairs = KeyPairs::new(&config.jwt_keys)?;
    let tokens = Tokens::new(keys, config.jwt_expires_in.as_secs());
    let tokens = tokens.issued_by(&config.jwt_issuer, pairs);
    Ok(match config.jwt_management {
        JwtManagement::LegacySupport => tokens,
        JwtManagement::Refresh => tokens.of_sessions(),
    })
}

fn warn_about(config: &Config) {
    let is_legacy = config.jwt_management == JwtManagement::LegacySupport;
    if is_legacy && config.jwt_expires_in.as_secs() > 30 * 86_400 {
        tracing::warn!("tokens live longer than 30 days; a stolen one stays useful as long");
    }
    if config.environment == Environment::Production && config.public_url.starts_with("http://") {
        tracing::warn!("PUBLIC_URL is plain http in production");
    }
}

fn prepare(
    conn: &mut DbConn,
    config: &Config,
    catalog: &Catalog,
    hooks: &Hooks,
    (sealer, client): (&Sealer, &OutboundClient),
) -> Result<(Settings, crate::acl::Snapshot), StartError> {
    let failed = |error: Error| StartError::Database(error.into());
    // Beforehand: a transaction that reads and then writes is refused by SQLite while another process writes.
    store::roles::prepare_line(conn).map_err(|error| failed(error.into()))?;
    let settings = transaction(conn, |conn| -> Result<_> {
        store::roles::line_up(conn)?;
        let roles = seed_roles(conn)?;
        remember_actions(conn, config, catalog, &roles)?;
        providers::seed(conn, config, &hooks.providers, sealer, client)?;
        provider_secrets::renew(conn, sealer)?;
        seed_settings(conn, config)
    })
    .map_err(failed)?;
    store::counts::check(conn).map_err(|error| failed(error.into()))?;
    first_admin(conn, config, &settings, hooks)?;
    let snapshot = rights::read(conn, catalog).map_err(failed)?;
    if !store::roles::list(conn)
        .map_err(|error| failed(error.into()))?
        .iter()
        .any(|role| role.role_type == settings.default_role)
    {
        tracing::warn!(default_role = %settings.default_role, "the default role does not exist; registration will be refused");
    }
    outbox::clear(conn).map_err(failed)?;
    let settings = settings::read(conn).map_err(failed)?;
    Ok((Settings::new(settings), snapshot))
}

fn seed_roles(conn: &mut DbConn) -> Result<HashMap<String, RoleId>> {
    let mut roles: HashMap<_, _> = store::roles::list(conn)?
        .into_iter()
        .map(|role| (role.role_type, role.id))
        .collect();
    for (role_type, name, description) in SEEDED_ROLES {
        if !roles.contains_key(role_type) {
            let role = store::roles::create(conn, role_type, name, Some(description))?;
            roles.insert(role.role_type, role.id);
        }
    }
    Ok(roles)
}

/// Enters actions that are new, with their first grants if they were never seen; what an administrator took away
/// later, or removed with its action, is not given back.
fn remember_actions(
    conn: &mut DbConn,
    config: &Config,
    catalog: &Catalog,
    roles: &HashMap<String, RoleId>,
) -> Result<()> {
    let known = store::actions::all(conn)?;
    let removed = store::actions::removed(conn)?;
    for action in catalog
        .actions()
        .iter()
        .filter(|action| !known.contains_key(action.name()))
    {
        let id = store::actions::create(conn, action.name())?;
        let is_withheld = !config.initial_grants && !action.name().starts_with(OWN_ACTIONS);
        if is_withheld || removed.contains(action.name()) {
            continue;
        }
        let in_development = grants_in_development(config, action.name());
        for role in action.first_grants().iter().chain(in_development) {
            match roles.get(*role) {
                Some(role) => store::roles::grant(conn, *role, id)?,
                None => tracing::warn!(
                    action = action.name(),
                    role,
                    "grant to a role that does not exist"
                ),
            }
        }
    }
    let stale: Vec<_> = known
        .keys()
        .filter(|action| catalog.position(action).is_none())
        .collect();
    if !stale.is_empty() {
        tracing::warn!(actions = ?stale, "the database knows actions that no handler carries; they stay until an administrator removes them");
    }
    Ok(())
}

/// Where an application is being written, everybody may read its description from the first start on; in
/// production that is for an administrator to decide.
fn grants_in_development(config: &Config, action: &str) -> &'static [&'static str] {
    let develops = config.environment == Environment::Development && config.initial_grants;
    if develops && action == DESCRIPTION {
        &[PUBLIC, AUTHENTICATED]
    } else {
        &[]
    }
}

fn seed_settings(conn: &mut DbConn, config: &Config) -> Result<AdvancedSettings> {
    if let Some(stored) = store::settings::get(conn, ADVANCED)? {
        return settings::parse_advanced(&stored);
    }
    let value = serde_json::to_string(&config.advanced_settings).map_err(Error::internal)?;
    store::settings::create(conn, ADVANCED, &value)?;
    Ok(config.advanced_settings.clone())
}

fn first_admin(
    conn: &mut DbConn,
    config: &Config,
    settings: &AdvancedSettings,
    hooks: &Hooks,
) -> Result<(), StartError> {
    let failed = |error: Error| StartError::Database(error.into());
    let role =
        store::roles::find_by_type(conn, ADMINISTRATOR).map_err(|error| failed(error.into()))?;
    let exists = match role {
        Some(role) => store::memberships::has_active_member(conn, role.id, false)
            .map_err(|error| failed(error.into()))?,
        None => false,
    };
    if exists {
        return Ok(());
    }
    match &config.first_admin {
        Some(admin) => {
            create_first_admin(conn, config, settings, hooks, admin)
                .map_err(|error| StartError::FirstAdmin(error.to_string()))?;
            tracing::info!("the first administrator was created as configured");
        }
        None => {
            let code = setup::new_code(conn).map_err(|error| StartError::Database(error.into()))?;
            announce(&format!(
                "there is no administrator yet; create one within 24 hours at {}/api/users-permissions/setup?token={}",
                config.public_url,
                code.expose()
            ));
        }
    }
    Ok(())
}

/// Logs the one secret that is logged on purpose: whoever reads the log of the first start owns the
/// application. Without a subscriber the line would be lost, and with it the way in.
fn announce(link: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{link}");
    } else {
        eprintln!("{link}");
    }
}

fn create_first_admin(
    conn: &mut DbConn,
    config: &Config,
    settings: &AdvancedSettings,
    hooks: &Hooks,
    admin: &FirstAdmin,
) -> Result<()> {
    let name_error = |error| Error::validation(super::register::name_message(error));
    let email = Email::parse(&admin.email).map_err(name_error)?;
    let username = Username::parse(&admin.username, Some(&email)).map_err(name_error)?;
    PasswordRules::new(config).check(admin.password.expose(), username.as_str(), email.as_str())?;
    // This thread may block: it is none that serves requests.
    let asked = passwords::ask(hooks, &admin.password, username.as_str(), email.as_str());
    tokio::runtime::Handle::try_current()
        .map_err(Error::internal)?
        .block_on(asked)?;
    let email_key = settings.unique_email.then(|| hooks.email_key(&email));
    let hash = hasher::hash(&admin.password, config.bcrypt_cost)?;
    transaction(conn, |conn| {
        store::roles::line_up(conn)?;
        setup::create_admin(conn, username, email, email_key, hash)
    })?;
    Ok(())
}
