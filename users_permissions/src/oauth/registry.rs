//! The providers a plugin knows; which of them are enabled is a setting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builtin;
use super::provider::Provider;
use crate::model::is_provider_name;

/// Providers by name.
///
/// ```
/// use users_permissions::oauth::{Provider, ProviderRegistry};
///
/// let mut registry = ProviderRegistry::default();
/// assert_eq!(registry.list().count(), 16);
/// registry.add("kinde", Provider::openid("https://shop.kinde.com"));
/// assert!(registry.get("kinde").is_some());
/// registry.remove("vk");
/// assert!(registry.get("vk").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct ProviderRegistry {
    providers: BTreeMap<String, Arc<Provider>>,
    faults: Vec<String>,
}

impl Default for ProviderRegistry {
    /// The built-in ones.
    fn default() -> Self {
        let providers = builtin::all()
            .into_iter()
            .map(|(name, provider)| (name.to_owned(), Arc::new(provider)));
        Self {
            providers: providers.collect(),
            faults: Vec::new(),
        }
    }
}

impl ProviderRegistry {
    /// Adds a provider, or replaces one. Its name is part of URLs: lower-case letters, digits, `-` and `_`;
    /// another one stops the start.
    ///
    /// ```
    /// use users_permissions::oauth::{Provider, ProviderRegistry};
    ///
    /// let mut registry = ProviderRegistry::default();
    /// registry.add("okta", Provider::openid("https://dev-1.okta.com"));
    /// assert!(registry.get("okta").is_some());
    /// ```
    pub fn add(&mut self, name: &str, mut provider: Provider) -> &mut Self {
        if !is_provider_name(name) {
            self.faults.push(name.to_owned());
            return self;
        }
        if provider.display.is_empty() {
            provider.display = capitalised(name);
        }
        let provider = Arc::new(provider.with_subdomain());
        self.providers.insert(name.to_owned(), provider);
        self
    }

    /// Forgets a provider.
    ///
    /// ```
    /// use users_permissions::oauth::ProviderRegistry;
    ///
    /// let mut registry = ProviderRegistry::default();
    /// registry.remove("vk").remove("reddit");
    /// assert!(registry.get("vk").is_none());
    /// ```
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.providers.remove(name);
        self
    }

    /// A provider.
    ///
    /// ```
    /// use users_permissions::oauth::ProviderRegistry;
    ///
    /// assert!(ProviderRegistry::default().get("github").is_some());
    /// ```
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.providers.get(name).map(AsRef::as_ref)
    }

    /// All of them, by name.
    ///
    /// ```
    /// use users_permissions::oauth::ProviderRegistry;
    ///
    /// let registry = ProviderRegistry::default();
    /// let names: Vec<_> = registry.list().map(|(name, _)| name).collect();
    /// assert!(names.is_sorted() && names.contains(&"google"));
    /// ```
    pub fn list(&self) -> impl Iterator<Item = (&str, &Provider)> {
        let each = self.providers.iter();
        each.map(|(name, provider)| (name.as_str(), provider.as_ref()))
    }

    pub(crate) fn shared(&self, name: &str) -> Option<Arc<Provider>> {
        self.providers.get(name).cloned()
    }

    /// Names that are none.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }
}

pub(crate) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
