//! Tokens of trusted issuers: which are good, and what their keys cost.

use std::time::Duration;

use acceptance::{Answer, Client, Kind, SECRET, Server};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use users_permissions::{Config, TrustedIssuer, UsersPermissions};

use crate::forge::{base64, now, sign_text};
use crate::issuer::{AUDIENCE, Issuer, Mode, until};
use crate::key_pairs::ED;
use crate::production::{STRONG, production};

const NO_USER: &str = "This needs a user account, and the token belongs to none";

async fn server(issuer: TrustedIssuer) -> Server {
    Server::start_with(Kind::Sqlite, trusting(issuer)).await
}

fn trusting(issuer: TrustedIssuer) -> impl FnOnce(&mut Config) {
    move |config| config.trusted_issuers = vec![issuer]
}

async fn call(server: &Server, token: &str) -> Answer {
    server
        .anonymous()
        .with_token(token)
        .get("/api/users/me")
        .await
}

/// Good: it got as far as the question of the user.
#[track_caller]
fn expect_good(answer: &Answer) {
    answer.expect_error(403, "ForbiddenError", NO_USER);
}

#[actix_web::test]
async fn a_good_token_is_taken_by_discovery_and_by_a_configured_place() {
    let issuer = Issuer::start().await;
    let by_discovery = server(issuer.trusted()).await;
    let mut placed = issuer.trusted();
    placed.issuer = "https://issuer.example/".into();
    placed.jwks_url = Some(format!("{}/keys", issuer.name()));
    let by_place = server(placed).await;
    expect_good(&call(&by_discovery, &issuer.token(&issuer.claims("ann"))).await);
    let mut claims = issuer.claims("ann");
    call(&by_place, &issuer.token(&claims))
        .await
        .expect_bad_token();
    claims["iss"] = json!("https://issuer.example/");
    expect_good(&call(&by_place, &issuer.token(&claims)).await);
    // Our own tokens go on as ever.
    let ann = by_discovery.register("ann").await;
    ann.client.get("/api/users/me").await.expect(200);
    // The public stays the public, and other services stay strangers.
    by_discovery
        .anonymous()
        .get("/api/users/me")
        .await
        .expect_forbidden();
    let other = Issuer::start().await;
    call(&by_discovery, &other.token(&other.claims("ann")))
        .await
        .expect_bad_token();
    assert_eq!(other.readings(), 0, "nobody is asked whom nobody trusts");
}

#[actix_web::test]
async fn listed_algorithms_are_taken_and_no_others() {
    let issuer = Issuer::start().await;
    let pem = |kind| KeyPair::generate_for(kind).unwrap().serialize_pem();
    let rsa = EncodingKey::from_rsa_pem(pem(&PKCS_RSA_SHA256).as_bytes()).unwrap();
    let p256 = EncodingKey::from_ec_pem(pem(&PKCS_ECDSA_P256_SHA256).as_bytes()).unwrap();
    let p384 = EncodingKey::from_ec_pem(pem(&PKCS_ECDSA_P384_SHA384).as_bytes()).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(ED.as_bytes()).unwrap();
    let by_default = server(issuer.trusted()).await;
    for (algorithm, name, key, is_default) in [
        (Algorithm::RS256, "RS256", &rsa, true),
        (Algorithm::RS384, "RS384", &rsa, false),
        (Algorithm::RS512, "RS512", &rsa, false),
        (Algorithm::PS256, "PS256", &rsa, false),
        (Algorithm::PS384, "PS384", &rsa, false),
        (Algorithm::PS512, "PS512", &rsa, false),
        (Algorithm::ES256, "ES256", &p256, true),
        (Algorithm::ES384, "ES384", &p384, false),
        (Algorithm::EdDSA, "EdDSA", &ed25519, true),
    ] {
        let mut jwk = json!(Jwk::from_encoding_key(key, algorithm).unwrap());
        jwk["kid"] = json!(name);
        issuer.publish_as_it_is(vec![jwk]);
        let mut header = Header::new(algorithm);
        header.kid = Some(name.to_owned());
        let token = jsonwebtoken::encode(&header, &issuer.claims("ann"), key).unwrap();
        let mut listing = issuer.trusted();
        listing.algorithms = vec![name.to_owned()];
        expect_good(&call(&server(listing).await, &token).await);
        if !is_default {
            call(&by_default, &token).await.expect_bad_token();
        }
    }
}

#[actix_web::test]
async fn lists_lateness_and_absence_of_what_is_optional_are_fine() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    for (name, value) in [
        ("aud", json!(["other", AUDIENCE])),
        ("exp", json!(now() - 3)),
        ("nbf", json!(now() + 3)),
        ("iat", json!(now() + 3)),
        ("scope", json!("openid")),
        ("azp", json!(null)),
    ] {
        let mut claims = issuer.claims("ann");
        claims[name] = value.clone();
        let answer = call(&server, &issuer.token(&claims)).await;
        assert_eq!(answer.status, 403, "{name}: {value}: {}", answer.text);
        expect_good(&answer);
    }
    let mut header = Header::new(Algorithm::ES256);
    for typ in [None, Some("JWT"), Some("application/at+jwt")] {
        header.typ = typ.map(str::to_owned);
        expect_good(&call(&server, &issuer.sign("k1", &header, &issuer.claims("ann"))).await);
    }
}

#[actix_web::test]
async fn claims_that_are_not_for_us_are_refused() {
    let issuer = Issuer::start().await;
    let mut trusted = issuer.trusted();
    trusted.authorized_parties = vec!["spa".into()];
    let server = server(trusted).await;
    expect_good(&call(&server, &issuer.token(&issuer.claims("ann"))).await);
    let later = now() + 600;
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!([])),
        ("aud", json!({ "a": AUDIENCE })),
        ("aud", json!(null)),
        ("aud", json!(format!("{AUDIENCE}/"))),
        ("azp", json!("other")),
        ("azp", json!(null)),
        ("iss", json!(format!("{}/", issuer.name()))),
        ("iss", json!([issuer.name()])),
        ("iss", json!("users-permissions")),
        ("sub", json!("")),
        ("sub", json!(null)),
        ("sub", json!(7)),
        ("sub", json!("x".repeat(256))),
        ("exp", json!(now() - 10)),
        ("exp", json!(later.to_string())),
        ("exp", json!(null)),
        ("exp", json!([later])),
        ("nbf", json!(now() + 10)),
        ("nbf", json!(now().to_string())),
        ("iat", json!(now() + 10)),
        ("iat", json!("today")),
        // Good for something else.
        ("at_hash", json!("x")),
        ("c_hash", json!("x")),
        ("events", json!({})),
        ("cnf", json!({ "jkt": "x" })),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("typ", json!("Offline")),
        ("typ", json!("Logout")),
        ("token_use", json!("id")),
    ] {
        let mut claims = issuer.claims("ann");
        claims[name] = value.clone();
        let answer = call(&server, &issuer.token(&claims)).await;
        assert_eq!(answer.status, 401, "{name}: {value}: {}", answer.text);
        answer.expect_bad_token();
    }
    for name in ["aud", "azp", "iss", "sub", "exp"] {
        let mut claims = issuer.claims("ann");
        claims.as_object_mut().unwrap().remove(name);
        let answer = call(&server, &issuer.token(&claims)).await;
        assert_eq!(answer.status, 401, "without {name}");
    }
}

#[actix_web::test]
async fn keys_algorithms_and_headers_are_not_for_the_token_to_choose() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    let claims = issuer.claims("ann");
    let good = issuer.token(&claims);
    expect_good(&call(&server, &good).await);
    let rest = good.split_once('.').unwrap().1;
    let body = rest.split_once('.').unwrap().0;
    let mut forged = Vec::new();
    // The public key, and our own secret, as secrets of an HMAC.
    let pem = issuer.public_pem("k1");
    for secret in [
        pem.as_bytes(),
        pem.trim().as_bytes(),
        SECRET.as_bytes(),
        b"",
    ] {
        for kid in [json!("k1"), json!(null)] {
            let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }).to_string();
            forged.push(sign_text(
                &header,
                &claims.to_string(),
                secret,
                Algorithm::HS256,
            ));
        }
    }
    for alg in ["none", "None", "nOnE", "", "RS256", "EdDSA", "HS512"] {
        let header = base64(json!({ "alg": alg, "kid": "k1" }).to_string().as_bytes());
        forged.push(format!("{header}.{body}."));
        forged.push(format!("{header}.{rest}"));
    }
    // A stranger's key of the same name, known and unknown.
    let stranger = Issuer::start().await;
    forged.push(stranger.sign("k1", &stranger.header("k1"), &claims));
    forged.push(stranger.sign("k1", &stranger.header("k9"), &claims));
    forged.push(stranger.sign("k1", &Header::new(Algorithm::ES256), &claims));
    for kid in ["../../dev/null", "' or 1", "k2", ""] {
        forged.push(issuer.sign("k1", &issuer.header(kid), &claims));
    }
    let brought: [fn(&mut Header); 5] = [
        |header| header.jku = Some("https://evil.example/keys".into()),
        |header| header.x5u = Some("https://evil.example/cert".into()),
        |header| header.crit = Some(vec!["b64".into()]),
        |header| header.typ = Some("id_token+jwt".into()),
        |header| header.typ = Some("dpop+jwt".into()),
    ];
    for change in brought {
        let mut header = issuer.header("k1");
        change(&mut header);
        forged.push(issuer.sign("k1", &header, &claims));
    }
    forged.push(good[..good.len() - 6].to_owned());
    forged.push(format!("{good}.x.y"));
    for token in forged {
        let answer = call(&server, &token).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
    }
    // Nobody was asked but the issuer, and it once.
    assert_eq!((issuer.readings(), stranger.readings()), (1, 0));
}

#[actix_web::test]
async fn a_token_of_ours_is_no_token_of_theirs_and_the_other_way_round() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    let ann = server.register("ann").await;
    // What would be our user in our tokens is nobody in theirs.
    let mut claims = issuer.claims("up:1");
    claims["id"] = json!(ann.id);
    claims["ver"] = json!(0);
    expect_good(&call(&server, &issuer.token(&claims)).await);
    // What says that it is theirs is judged as theirs, though our secret has signed it.
    let mut ours = crate::forge::claims(ann.id);
    call(&server, &crate::forge::token(&ours)).await.expect(200);
    ours["iss"] = json!(issuer.name());
    call(&server, &crate::forge::token(&ours))
        .await
        .expect_bad_token();
}

#[actix_web::test]
async fn a_flood_of_unknown_keys_is_one_reading() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    let claims = issuer.claims("ann");
    let forged = |number: usize| issuer.sign("k1", &issuer.header(&format!("x{number}")), &claims);
    let tokens: Vec<String> = (0..300).map(forged).collect();
    let calls = tokens.iter().map(|token| call(&server, token));
    for answer in futures_util::future::join_all(calls).await {
        answer.expect_bad_token();
    }
    assert_eq!(issuer.readings(), 1);
    expect_good(&call(&server, &issuer.token(&claims)).await);
    assert_eq!(issuer.readings(), 1);
}

#[actix_web::test]
async fn a_failed_reading_is_tried_again_within_seconds_and_not_by_every_request() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    let token = issuer.token(&issuer.claims("ann"));
    for mode in [
        Mode::Status(500),
        Mode::Html,
        Mode::NoKeys,
        Mode::Huge,
        Mode::Redirect,
        Mode::Foreign,
    ] {
        issuer.answer(mode);
        // Nobody is taken for the public, nor told that a good token is bad.
        let calls = (0..20).map(|_| call(&server, &token));
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.status, 503, "{mode:?}: {}", answer.text);
            assert!(answer.headers.contains_key("retry-after"));
        }
        assert!(issuer.readings() <= 2, "{mode:?}: {}", issuer.readings());
    }
    issuer.answer(Mode::Good);
    let failed = issuer.readings();
    until(403, async || call(&server, &token).await).await;
    assert_eq!(issuer.readings(), failed + 1);
    // And from then on no more.
    expect_good(&call(&server, &token).await);
    assert_eq!(issuer.readings(), failed + 1);
}

#[actix_web::test]
async fn new_keys_are_found_and_old_ones_kept_through_an_outage() {
    let issuer = Issuer::start().await;
    let mut trusted = issuer.trusted();
    trusted.unknown_key_pause = Duration::ZERO;
    trusted.key_age = Duration::from_millis(200);
    let server = server(trusted).await;
    let claims = issuer.claims("ann");
    let by = |kid: &str, sub: &str| {
        let mut claims = claims.clone();
        claims["sub"] = json!(sub);
        issuer.sign(kid, &issuer.header(kid), &claims)
    };
    let old = by("k1", "ann");
    expect_good(&call(&server, &old).await);
    // Rotated: the new key is asked for as soon as it is seen.
    issuer.make("k2");
    issuer.publish(&["k2", "k1"]);
    expect_good(&call(&server, &by("k2", "ann")).await);
    // An outage longer than the age of the keys.
    issuer.answer(Mode::Status(500));
    issuer.make("k3");
    let before = issuer.readings();
    until_read(&server, &issuer, before, &old).await;
    expect_good(&call(&server, &old).await);
    expect_good(&call(&server, &by("k1", "bob")).await);
    expect_good(&call(&server, &by("k2", "eve")).await);
    call(&server, &by("k3", "ann")).await.expect_bad_token();
    // Afterwards what is new comes, and what is gone goes, remembered tokens of it included.
    issuer.publish(&["k3"]);
    issuer.answer(Mode::Good);
    until(403, async || call(&server, &by("k3", "ann")).await).await;
    until(401, async || call(&server, &old).await).await;
    call(&server, &by("k2", "eve")).await.expect_bad_token();
}

/// Calls until the keys were asked for again.
async fn until_read(server: &Server, issuer: &Issuer, before: u32, token: &str) {
    for _ in 0..200 {
        expect_good(&call(server, token).await);
        if issuer.readings() > before {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never read");
}

#[actix_web::test]
async fn a_remembered_token_ends_when_its_time_is_over() {
    let issuer = Issuer::start().await;
    let mut trusted = issuer.trusted();
    trusted.leeway = Duration::ZERO;
    let server = server(trusted).await;
    let mut claims = issuer.claims("ann");
    claims["exp"] = json!(now() + 2);
    let token = issuer.token(&claims);
    expect_good(&call(&server, &token).await);
    until(401, async || call(&server, &token).await).await;
    assert!(now() >= claims["exp"].as_i64().unwrap());
}

#[actix_web::test]
async fn cognito_names_its_client_in_the_place_of_an_audience() {
    let issuer = Issuer::start().await;
    let mut trusted = issuer.trusted();
    trusted.audience_claim = "client_id".into();
    trusted.audience = vec!["client-7".into()];
    let server = server(trusted).await;
    let mut claims = issuer.claims("ann");
    claims.as_object_mut().unwrap().remove("aud");
    claims["token_use"] = json!("access");
    claims["client_id"] = json!("client-7");
    expect_good(&call(&server, &issuer.token(&claims)).await);
    claims["client_id"] = json!("client-8");
    call(&server, &issuer.token(&claims))
        .await
        .expect_bad_token();
}

#[actix_web::test]
async fn production_asks_no_issuer_over_plain_http_unless_listed() {
    let issuer = Issuer::start().await;
    let start = async |allowed: &[&str]| {
        let database = acceptance::TestDatabase::create(Kind::Sqlite);
        let mut config = production(&database, STRONG);
        config.trusted_issuers = vec![issuer.trusted()];
        config.allow_private_hosts = allowed.iter().map(|host| (*host).to_owned()).collect();
        let up = UsersPermissions::builder().config(config).build().await?;
        Ok::<_, users_permissions::StartError>((up, database))
    };
    let error = start(&[]).await.map(drop).unwrap_err().to_string();
    assert!(error.starts_with("UP_TRUSTED_ISSUERS"), "{error}");
    start(&["127.0.0.1"]).await.map(drop).unwrap();
}

/// Whoever asks with several tokens at once is each of them.
#[actix_web::test]
async fn callers_are_told_apart() {
    let issuer = Issuer::start().await;
    let server = server(issuer.trusted()).await;
    let ann = server.register("ann").await;
    let theirs = Client::new(server.base(), Some(issuer.token(&issuer.claims("ann"))));
    for _ in 0..3 {
        expect_good(&theirs.get("/api/users/me").await);
        let me: Value = ann.client.get("/api/users/me").await.expect(200);
        assert_eq!(me["id"], ann.id);
    }
}
