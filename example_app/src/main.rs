//! An article API protected by `users_permissions`; README tells how to start it.

use std::process::ExitCode;

use actix_web::HttpServer;
use users_permissions::{Config, SettingsFile};

#[actix_web::main]
async fn main() -> ExitCode {
    example_app::start_log();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("example_app: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = SettingsFile::read("users_permissions.toml")?;
    let get = |name: &str| settings.get(name);
    let host = get("HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
    let port: u16 = get("PORT").map_or(Ok(1337), |port| port.parse())?;
    let cors = example_app::CorsRules::read(get)?;
    let mut config = Config::from_lookup(get)?;
    if get("PUBLIC_URL").is_none() {
        config.public_url = format!("http://localhost:{port}");
    }
    settings.check_names()?;

    let up = example_app::plugin(config).build().await?;
    let articles = example_app::Articles::open(up.database()).await?;
    let app = move || example_app::app(up.clone(), articles.clone(), cors.clone());
    let server = HttpServer::new(app).bind((host.as_str(), port))?;
    println!("listening on http://{host}:{port}");
    server.run().await?;
    Ok(())
}
