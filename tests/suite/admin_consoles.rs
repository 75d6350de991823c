//! What the pages of providers tell beside the settings: where to register the application, and a mark.

use acceptance::{Browser, Kind, Server};
use users_permissions::oauth::Provider;

/// Names and URLs of the guides' table, where it has one.
fn documented() -> Vec<(&'static str, &'static str)> {
    let guides = include_str!("../../docs/providers.md");
    let rows = guides.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let url = rest.split([',', ' ']).next()?;
        url.starts_with("https://").then_some((name, url))
    });
    rows.collect()
}

/// The link to where the application is registered.
fn link(url: &str, host: &str) -> String {
    format!(
        "<a href=\"{url}\" target=\"_blank\" rel=\"noreferrer\">Register the application at {host}</a>"
    )
}

#[actix_web::test]
async fn each_provider_leads_to_where_the_application_is_registered() {
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let consoles = documented();
    assert_eq!(consoles.len(), 14, "{consoles:?}");
    for (name, url) in consoles {
        let page = browser.page(&format!("/admin/providers/{name}")).await;
        let host = url.split('/').nth(2).unwrap();
        assert!(page.0.contains(&link(url, host)), "{name}: {url}");
    }
    // Where a server of one's own is, nobody else knows.
    for name in ["cas", "keycloak"] {
        let page = browser.page(&format!("/admin/providers/{name}")).await;
        page.has("Register it at the provider:")
            .has_not("Register the application at");
    }
}

#[actix_web::test]
async fn an_application_says_where_it_is_registered_at_its_own_providers() {
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let builder = example_app::plugin(acceptance::config(&database)).providers(|registry| {
        let at = |console: &str| Provider::openid("https://id.example").console_url(console);
        registry
            .add(
                "mine",
                at("https://id.example/apps?mine").icon("card danger"),
            )
            .add("script", at("javascript:alert(1)").icon("key"));
    });
    let server = Server::with_builder(builder).await.owning(database);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page("/admin/providers/mine").await;
    let link = link("https://id.example/apps?mine", "id.example");
    assert!(page.0.contains(&link), "{}", page.text());
    // What calls itself an icon is no class of ours.
    let letter = "<span class=\"dot\" aria-hidden=\"true\">M</span>";
    assert!(page.0.contains(letter), "{}", page.text());
    let page = browser.page("/admin/providers/script").await;
    page.has("Register it at the provider:")
        .has_not("javascript:");
    let list = browser.page("/admin/providers").await;
    assert!(list.0.contains("class=\"dot i-github\"") && list.0.contains(letter));
    // Keycloak's and that of the application.
    assert_eq!(list.0.matches("<path d=\"M12 15a4").count(), 2);
}
