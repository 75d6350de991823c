//! What everybody may know of a provider that can be signed in with.

use super::effective::Effective;

/// A provider that can be signed in with: what a button says. See
/// [`UsersPermissions::enabled_providers`](crate::UsersPermissions::enabled_providers).
///
/// ```
/// use users_permissions::oauth::EnabledProvider;
///
/// fn button(provider: &EnabledProvider) -> String {
///     let EnabledProvider { name, display_name, icon, .. } = provider;
///     format!(r#"<a class="icon-{icon}" href="/api/connect/{name}">Sign in with {display_name}</a>"#)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnabledProvider {
    /// Name in URLs: `/api/connect/{name}`.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Name of an icon.
    pub icon: String,
}

impl Effective {
    pub(crate) fn shown(self) -> EnabledProvider {
        EnabledProvider {
            display_name: self.provider.display.clone(),
            icon: self.provider.icon.clone(),
            name: self.name,
        }
    }
}
