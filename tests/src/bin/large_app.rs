//! `example_app` with two thousand actions more, for tests that drive a browser. Takes the settings of
//! `example_app`, and says as that does where it listens.

#[path = "../../large/actions.rs"]
mod actions;

use actix_web::HttpServer;
use example_app::{Articles, CorsRules};
use users_permissions::Config;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    example_app::start_log();
    let address = format!("{}:{}", std::env::var("HOST")?, std::env::var("PORT")?);
    let up = example_app::plugin(Config::from_env()?).build().await?;
    let catalog = up.catalog();
    for action in [actions::FIRST, actions::LAST] {
        assert!(
            catalog.iter().any(|known| known.action.name() == action),
            "{action}"
        );
    }
    let articles = Articles::open(up.database()).await?;
    let cors = CorsRules::read(|name| std::env::var(name).ok())?;
    let app = move || example_app::app(up.clone(), articles.clone(), cors.clone());
    let server = HttpServer::new(app).workers(2).bind(&address)?;
    println!("listening on http://{address}");
    server.run().await?;
    Ok(())
}
