//! The parts of a request's way, without network: `cargo bench -p bench`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::rt::System;
use actix_web::test::{TestRequest, init_service, read_body_json};
use actix_web::{App, Error, FromRequest as _, HttpRequest, Responder, get, web};
use bench::{SECRET, StartResult, bare, guarded};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use users_permissions::{AuthUser, Config, SigningKeys, UsersPermissions};

/// How often [`extract`] and [`can`] repeat what they measure.
const TIMES: &str = "x-times";

criterion_group!(parts, requests, unknown_tokens, callers);
criterion_main!(parts);

/// One request through the whole application: what the check adds to a bare handler.
fn requests(criterion: &mut Criterion) {
    let system = System::new();
    let (up, token) = system.block_on(start(8_192)).expect("the plugin starts");
    let bearer = format!("Bearer {token}");
    let bare = system.block_on(init_service(App::new().service(bare::ping)));
    let guarded = App::new()
        .wrap(up.middleware())
        .service(guarded::ping)
        .service(web::scope("/api").configure(up.routes()));
    let guarded = system.block_on(init_service(guarded));

    let mut group = criterion.benchmark_group("request");
    for (name, header) in [("public", None), ("jwt", Some(bearer.as_str()))] {
        let headers: Vec<&str> = header.into_iter().collect();
        group.bench_function(format!("bare/{name}"), |bench| {
            bench.iter_custom(|times| system.block_on(call(&bare, &headers, times)));
        });
        group.bench_function(format!("plugin/{name}"), |bench| {
            bench.iter_custom(|times| system.block_on(call(&guarded, &headers, times)));
        });
    }
    group.finish();
}

/// Tokens that no worker remembers: signature and claims are verified, the user is known already.
fn unknown_tokens(criterion: &mut Criterion) {
    let system = System::new();
    // Far less room than there are tokens.
    let (up, _) = system.block_on(start(16)).expect("the plugin starts");
    let app = App::new().wrap(up.middleware()).service(guarded::ping);
    let app = system.block_on(init_service(app));
    let bearers: Vec<String> = (0..4_096).map(|n| format!("Bearer {}", sign(n))).collect();
    let headers: Vec<&str> = bearers.iter().map(String::as_str).collect();
    criterion.bench_function("request/plugin/unknown-jwt", |bench| {
        bench.iter_custom(|times| system.block_on(call(&app, &headers, times)));
    });
}

/// What handlers ask of the caller.
fn callers(criterion: &mut Criterion) {
    let system = System::new();
    let (up, token) = system.block_on(start(8_192)).expect("the plugin starts");
    let app = App::new()
        .wrap(up.middleware())
        .service(extract)
        .service(can_short)
        .service(can_long);
    let app = system.block_on(init_service(app));
    let bearer = format!("Bearer {token}");
    for (name, path) in [
        ("AuthUser/extract", "/extract"),
        ("AuthUser/can, long form", "/can/long"),
        ("AuthUser/can, short form", "/can/short"),
    ] {
        criterion.bench_function(name, |bench| {
            bench.iter_custom(|times| system.block_on(inside(&app, path, &bearer, times)));
        });
    }
}

/// A plugin with one account, and that account's token.
async fn start(token_cache: usize) -> StartResult<(UsersPermissions, String)> {
    let mut config = Config::new("sqlite://:memory:");
    config.signing_keys = Some(SigningKeys::parse(SECRET)?);
    config.token_cache = token_cache;
    let up = UsersPermissions::builder().config(config).build().await?;
    let app = App::new()
        .wrap(up.middleware())
        .service(web::scope("/api").configure(up.routes()));
    let app = init_service(app).await;
    let account = json!({
        "username": "reader",
        "email": "reader@example.com",
        "password": bench::storm::PASSWORD,
    });
    let register = TestRequest::post()
        .uri("/api/auth/local/register")
        .set_json(account);
    let answer = app.call(register.to_request()).await?;
    let answer: Value = read_body_json(answer).await;
    let token = answer.get("jwt").and_then(Value::as_str);
    let token = token.ok_or_else(|| format!("no token in {answer}"))?;
    Ok((up, token.to_owned()))
}

/// A token of that account which differs from all others.
fn sign(number: u32) -> String {
    let claims = json!({ "id": 1, "ver": 0, "exp": u32::MAX, "number": number });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).expect("claims are serialisable")
}

/// Calls `/api/ping` with the given headers in turn. Making the request is not measured.
async fn call<S, B>(app: &S, bearers: &[&str], times: u64) -> Duration
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let mut bearers = bearers.iter().cycle();
    let mut spent = Duration::ZERO;
    let mut left = times;
    while left > 0 {
        // In batches, as looking at the clock costs as much as the check.
        let batch: Vec<_> = (0..left.min(64))
            .map(|_| {
                let request = TestRequest::get().uri("/api/ping");
                match bearers.next() {
                    Some(bearer) => request.insert_header((AUTHORIZATION, *bearer)),
                    None => request,
                }
                .to_request()
            })
            .collect();
        left -= batch.len() as u64;
        let begin = Instant::now();
        for request in batch {
            let answer = app.call(request).await.expect("an answer");
            assert!(answer.status().is_success(), "{}", answer.status());
        }
        spent += begin.elapsed();
    }
    spent
}

/// Lets a handler measure itself.
async fn inside<S, B>(app: &S, path: &str, bearer: &str, times: u64) -> Duration
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let request = TestRequest::get()
        .uri(path)
        .insert_header((AUTHORIZATION, bearer))
        .insert_header((TIMES, times.to_string()));
    let answer = app.call(request.to_request()).await.expect("an answer");
    Duration::from_nanos(read_body_json(answer).await)
}

#[get("/extract")]
async fn extract(req: HttpRequest) -> Result<impl Responder, Error> {
    let (times, begin) = (times(&req), Instant::now());
    for _ in 0..times {
        black_box(AuthUser::extract(&req).await?);
    }
    Ok(spent(begin))
}

#[get("/can/short")]
async fn can_short(req: HttpRequest, user: AuthUser) -> impl Responder {
    can(&req, &user, "api::bench.hello")
}

#[get("/can/long")]
async fn can_long(req: HttpRequest, user: AuthUser) -> impl Responder {
    can(&req, &user, "api::bench.bench.hello")
}

fn can(req: &HttpRequest, user: &AuthUser, action: &str) -> String {
    let (times, begin) = (times(req), Instant::now());
    for _ in 0..times {
        assert!(user.can(black_box(action)), "{action}");
    }
    spent(begin)
}

fn times(req: &HttpRequest) -> u64 {
    let times = req.headers().get(TIMES);
    times
        .and_then(|times| times.to_str().ok()?.parse().ok())
        .unwrap_or(1)
}

fn spent(begin: Instant) -> String {
    begin.elapsed().as_nanos().to_string()
}
