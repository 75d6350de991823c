//! `example_app` with every built-in provider, and one of a few lines, at their simulators: for tests that
//! drive a browser. Says on its first line where it is, in JSON, and serves until it is killed.

use std::net::TcpListener;

use acceptance::providers::{ALL, Simulators, settings, specs};
use acceptance::{Kind, TestDatabase};
use actix_web::HttpServer;
use example_app::{Articles, CorsRules};
use serde_json::json;
use users_permissions::oauth::{Answers, Profile, Provider};

/// A service nobody here knows: Discord under another name.
fn kinde() -> Provider {
    let provider = Provider::oauth2(
        "https://discord.com/oauth2/authorize",
        "https://discord.com/api/oauth2/token",
    );
    let provider = provider.scopes(["identify", "email"]);
    provider.profile(async |answers: Answers| {
        let user = answers.get("https://discord.com/api/users/@me").await?;
        let id = user["id"].as_str().ok_or("no id")?;
        let email = user["email"].as_str().unwrap_or_default();
        Ok(Profile::new(id).username("kinde").proven_email(email))
    })
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulators = Simulators::start().await;
    let database = TestDatabase::create(Kind::Sqlite);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let mut config = acceptance::config(&database);
    config.initial_grants = true;
    config.public_url.clone_from(&url);
    config.provider_base = Some(simulators.base().to_owned());
    let known = specs();
    let mut told = Vec::new();
    for (name, display) in ALL.into_iter().chain([("kinde", "Kinde")]) {
        let page = format!("{url}/connect/{name}/redirect");
        config
            .providers
            .insert(name.to_owned(), settings(name, page));
        let spec = known.iter().find(|spec| spec.name == name);
        let has_email = spec.is_none_or(|spec| spec.has_email);
        told.push(json!({ "name": name, "display": display, "hasEmail": has_email }));
    }
    let builder = example_app::plugin(config).providers(|registry| {
        registry.add("kinde", kinde());
    });
    let up = builder.build().await?;
    let articles = Articles::open(up.database()).await?;
    let cors = CorsRules::of(&url);
    let app = move || example_app::app(up.clone(), articles.clone(), cors.clone());
    let server = HttpServer::new(app).workers(2).listen(listener)?;
    let told = json!({ "url": url, "simulators": simulators.base(), "providers": told });
    println!("{told}");
    server.run().await?;
    Ok(())
}
