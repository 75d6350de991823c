//! Wire shapes of what is answered. Nothing secret is in any of these types.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::profile;
use crate::config::Secret;
use crate::model::{Identity, OutboxMail, ProfileField, Role, Session, SessionId, User};
use crate::services::RoleSummary;

/// A user; `role` and `roles` only where they were asked for and may be seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::User))]
pub(super) struct UserView {
    id: i32,
    document_id: String,
    username: String,
    email: String,
    provider: String,
    confirmed: bool,
    blocked: bool,
    #[serde(serialize_with = "iso")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    updated_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    published_at: DateTime<Utc>,
    /// The application's own fields.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    profile: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    role: Option<RoleView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    roles: Option<Vec<RoleView>>,
}

impl UserView {
    pub(super) fn new(user: User, declared: &[ProfileField]) -> Self {
        Self {
            profile: profile::shown(&user, declared),
            id: user.id,
            document_id: user.document_id,
            username: user.username,
            email: user.email,
            provider: user.provider,
            confirmed: user.confirmed,
            blocked: user.blocked,
            created_at: user.created_at,
            updated_at: user.updated_at,
            published_at: user.created_at,
            role: None,
            roles: None,
        }
    }

    /// The same with its roles, the primary one first.
    pub(super) fn with_roles(self, roles: &[Arc<Role>]) -> Self {
        Self {
            role: roles.first().map(|role| RoleView::new(role)),
            roles: Some(roles.iter().map(|role| RoleView::new(role)).collect()),
            ..self
        }
    }
}

/// A role.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Role))]
pub(super) struct RoleView {
    id: i32,
    document_id: String,
    name: String,
    description: Option<String>,
    r#type: String,
    #[serde(serialize_with = "iso")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    updated_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    published_at: DateTime<Utc>,
}

impl RoleView {
    pub(super) fn new(role: &Role) -> Self {
        Self {
            id: role.id,
            document_id: role.document_id.clone(),
            name: role.name.clone(),
            description: role.description.clone(),
            r#type: role.role_type.clone(),
            created_at: role.created_at,
            updated_at: role.updated_at,
            published_at: role.created_at,
        }
    }
}

/// A role of the list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::RoleOfList))]
pub(super) struct RoleListView {
    #[serde(flatten)]
    role: RoleView,
    nb_users: i64,
}

impl RoleListView {
    pub(super) fn new(summary: &RoleSummary) -> Self {
        Self {
            role: RoleView::new(&summary.role),
            nb_users: summary.users,
        }
    }
}

/// `{"jwt", "user"}`, or `{"user"}` alone while the address has to be confirmed; with sessions also
/// `refreshToken`, unless it is in a cookie.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Login))]
pub(super) struct LoginView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    jwt: Option<String>,
    #[serde(rename = "refreshToken", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    refresh_token: Option<String>,
    user: UserView,
}

impl LoginView {
    pub(super) fn new(
        jwt: Option<Secret>,
        refresh: Option<&Secret>,
        user: User,
        declared: &[ProfileField],
    ) -> Self {
        Self {
            jwt: jwt.map(|jwt| jwt.expose().to_owned()),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            user: UserView::new(user, declared),
        }
    }
}

/// New tokens of a session; without `refreshToken` where that is in a cookie.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Renewal))]
pub(super) struct RenewalView {
    jwt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    refresh_token: Option<String>,
}

impl RenewalView {
    pub(super) fn new(jwt: &Secret, refresh: Option<&Secret>) -> Self {
        Self {
            jwt: jwt.expose().to_owned(),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
        }
    }
}

/// The sessions of a user.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Sessions))]
pub(super) struct SessionsView {
    data: Vec<SessionView>,
}

/// Where a user is signed in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Session))]
pub(super) struct SessionView {
    id: String,
    /// As the login named it.
    device_id: Option<String>,
    /// Browser and system, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    device_name: Option<String>,
    /// The session that asks.
    current: bool,
    #[serde(serialize_with = "iso")]
    login_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    last_active_at: DateTime<Utc>,
}

impl SessionsView {
    /// The current one first, else in the given order.
    pub(super) fn new(sessions: Vec<Session>, current: Option<SessionId>) -> Self {
        let view = |session: Session| SessionView {
            id: session.id.to_string(),
            device_id: session.device.id,
            device_name: session.device.name,
            current: current == Some(session.id),
            login_at: session.created_at,
            last_active_at: session.last_active_at,
        };
        let mut data: Vec<_> = sessions.into_iter().map(view).collect();
        data.sort_by_key(|session| !session.current);
        Self { data }
    }
}

/// The providers a user has linked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Identities))]
pub(super) struct IdentitiesView {
    data: Vec<IdentityView>,
}

/// Who a user is at a provider.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Identity))]
struct IdentityView {
    id: i32,
    provider: String,
    /// What the provider called the address.
    email: Option<String>,
    #[serde(serialize_with = "iso")]
    created_at: DateTime<Utc>,
}

impl IdentitiesView {
    pub(super) fn new(identities: Vec<Identity>) -> Self {
        let view = |identity: Identity| IdentityView {
            id: identity.id,
            provider: identity.person.provider,
            email: identity.person.email,
            created_at: identity.created_at,
        };
        let data = identities.into_iter().map(view).collect();
        Self { data }
    }
}

/// A mail of the outbox, without its content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = users_permissions::Mail))]
pub(super) struct OutboxView {
    id: i32,
    message_id: String,
    kind: String,
    to: String,
    subject: String,
    state: String,
    attempts: i32,
    last_error: Option<String>,
    #[serde(serialize_with = "iso")]
    due_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    updated_at: DateTime<Utc>,
}

impl OutboxView {
    pub(super) fn new(mail: OutboxMail) -> Self {
        Self {
            id: mail.id,
            message_id: mail.message_id,
            kind: mail.kind,
            to: mail.recipient,
            subject: mail.subject,
            state: mail.state,
            attempts: mail.attempts,
            last_error: mail.last_error,
            due_at: mail.due_at,
            created_at: mail.created_at,
            updated_at: mail.updated_at,
        }
    }
}

/// UTC with milliseconds and `Z`.
fn iso<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// An answer that no cache keeps: all of ours concern one caller.
pub(super) fn json(status: StatusCode, body: impl Serialize) -> HttpResponse {
    match serde_json::to_vec(&body) {
        Ok(body) => HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be serialised");
            HttpResponse::InternalServerError().finish()
        }
    }
}

pub(super) fn ok(body: impl Serialize) -> HttpResponse {
    json(StatusCode::OK, body)
}
