//! `server <variant> <port>`: one variant, one worker; its database lies in the current directory.

use std::alloc::System;
use std::process::ExitCode;

use actix_web::{App, web};
use actix_web_grants::GrantsMiddleware;
use bench::meter::Meter;
use bench::serve::serve;
use bench::{StartResult, bare, guarded, rivals, storm};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use users_permissions::UsersPermissions;

/// Two additions for each call, in every variant: timings are comparable with each other only.
#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DATABASE: &str = "sqlite://bench.db";

#[actix_web::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let started = match args.as_slice() {
        [variant, port] => match port.parse() {
            Ok(port) => run(variant, port).await,
            Err(error) => Err(format!("{port}: {error}").into()),
        },
        _ => Err("usage: server <variant> <port>".into()),
    };
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(variant: &str, port: u16) -> StartResult<()> {
    match variant {
        "bare" => serve(port, Meter::default(), || App::new().service(bare::ping)).await,
        "plugin" => plugin(port, guarded::plugin(DATABASE).await?).await,
        "sessions" => plugin(port, guarded::with_sessions(DATABASE).await?).await,
        "mounted" => mounted(port).await,
        "below" => below(port).await,
        "example" => example(port).await,
        "grants" => grants(port).await,
        "casbin" => casbin(port).await,
        "query" => query(port).await,
        "loginstorm-block" => loginstorm(port).await,
        other => Err(format!("unknown variant `{other}`").into()),
    }
}

async fn plugin(port: u16, up: UsersPermissions) -> StartResult<()> {
    let app = move |up: &UsersPermissions| {
        App::new()
            .wrap(up.middleware())
            .service(guarded::ping)
            .service(web::scope("/api").configure(up.routes()))
    };
    serve(port, Meter::of(&up), move || app(&up)).await
}

async fn mounted(port: u16) -> StartResult<()> {
    let up = guarded::plugin(DATABASE).await?;
    let app = move |up: &UsersPermissions| {
        App::new().wrap(up.middleware()).service(
            web::scope("/api")
                .service(guarded::mounted_ping)
                .configure(up.routes()),
        )
    };
    serve(port, Meter::of(&up), move || app(&up)).await
}

async fn below(port: u16) -> StartResult<()> {
    let up = guarded::plugin(DATABASE).await?;
    let app = move |up: &UsersPermissions| {
        App::new().wrap(up.middleware()).service(
            web::scope("/api")
                .configure(up.routes())
                .service(guarded::mounted_ping),
        )
    };
    serve(port, Meter::of(&up), move || app(&up)).await
}

/// As its `main` starts it, log and all; `RUST_LOG=off` leaves the log out.
async fn example(port: u16) -> StartResult<()> {
    example_app::start_log();
    let up = guarded::plugin(DATABASE).await?;
    let articles = example_app::Articles::open(up.database()).await?;
    let cors = example_app::CorsRules::of("http://localhost:3000");
    let app =
        move |up: &UsersPermissions| example_app::app(up.clone(), articles.clone(), cors.clone());
    serve(port, Meter::of(&up), move || app(&up)).await
}

async fn grants(port: u16) -> StartResult<()> {
    let app = || {
        App::new()
            .wrap(GrantsMiddleware::with_extractor(rivals::grants::rights))
            .service(rivals::grants::ping)
    };
    serve(port, Meter::default(), app).await
}

async fn casbin(port: u16) -> StartResult<()> {
    let rules = web::Data::new(rivals::policy::rules().await?);
    let app = move || {
        App::new()
            .app_data(rules.clone())
            .service(rivals::policy::ping)
    };
    serve(port, Meter::default(), app).await
}

/// The plugin is there for its tables and its accounts; the measured route does not ask it.
async fn query(port: u16) -> StartResult<()> {
    let up = guarded::plugin(DATABASE).await?;
    let database = rivals::query::data(up.database());
    let app = move |up: &UsersPermissions| {
        App::new()
            .app_data(database.clone())
            .service(rivals::query::ping)
            .service(
                web::scope("/api")
                    .wrap(up.middleware())
                    .configure(up.routes()),
            )
    };
    serve(port, Meter::of(&up), move || app(&up)).await
}

/// Logs in at `/login`; reads are checked by the plugin.
async fn loginstorm(port: u16) -> StartResult<()> {
    let up = guarded::plugin(DATABASE).await?;
    let account = web::Data::new(storm::Account::new(storm::PASSWORD)?);
    let app = move |up: &UsersPermissions| {
        App::new()
            .app_data(account.clone())
            .wrap(up.middleware())
            .service(guarded::ping)
            .service(web::scope("/api").configure(up.routes()))
            .service(storm::login)
    };
    serve(port, Meter::of(&up), move || app(&up)).await
}
