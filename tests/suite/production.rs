//! Production starts with secrets worth the name, or not at all.

use acceptance::{Kind, TestDatabase, config};
use users_permissions::{Config, Environment, SigningKeys, StartError, UsersPermissions};

pub const STRONG: &str = "pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!";

pub fn production(database: &TestDatabase, secret: &str) -> Config {
    let mut config = config(database);
    config.environment = Environment::Production;
    config.bcrypt_cost = 10;
    config.signing_keys = Some(SigningKeys::parse(secret).unwrap());
    config
}

async fn refusal(config: Config) -> StartError {
    UsersPermissions::builder()
        .config(config)
        .build()
        .await
        .map(drop)
        .expect_err("a refusal")
}

type Change = fn(&mut Config);
type AdminChange = fn(&mut users_permissions::FirstAdmin);

#[actix_web::test]
async fn placeholders_and_short_or_missing_secrets_stop_the_start_with_one_line() {
    let database = TestDatabase::create(Kind::Sqlite);
    for weak in [
        "x",
        "secret",
        "tobemodified",
        "toBeModified1",
        "toBeModified1,toBeModified2",
        "changeme",
        "change-me",
        "password",
        "0123456789abcdef0123456789abcde",
        "                                ",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababababababab",
        "tobemodifiedtobemodifiedtobemodified",
        "SECRETsecretSECRETsecretSECRETsecret",
        "your-secret-your-secret-your-secret!",
        "change_me_change_me_change_me_change_me",
        "please-change-me-please-change-me!!!",
        "my-super-secret-jwt-key-1234567890!!",
        "jwt-secret-jwt-secret-jwt-secret-jwt",
        "0123456789abcdef0123456789abcdef",
        "12345678901234567890123456789012",
        "passwordpasswordpasswordpassword1",
        "abcdefghijklmnopqrstuvwxyz012345",
        // Those of our own documentation.
        "new-secret-new-secret-new-secret!",
        "k1:old-secret-old-secret-old-secret!",
        "k2:pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!,k1:short",
        "k2:pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!,k1:tobemodifiedtobemodifiedtobemodified",
    ] {
        let error = UsersPermissions::builder()
            .config(production(&database, weak))
            .build()
            .await
            .map(drop);
        let text = error.expect_err(weak).to_string();
        assert!(
            text.starts_with("JWT_SECRET: ") && !text.contains('\n'),
            "{weak}: {text}"
        );
        assert!(weak.len() < 20 || !text.contains(weak), "{text}");
    }
    let mut missing = production(&database, STRONG);
    missing.signing_keys = None;
    missing.secret_file = "/nonexistent/secret".into();
    let text = refusal(missing).await.to_string();
    assert!(
        text.starts_with("JWT_SECRET: is required in production") && !text.contains('\n'),
        "{text}"
    );
    // Nothing was touched: the database has not even been opened.
    assert!(!std::path::Path::new(database.url().trim_start_matches("sqlite://")).exists());
}

#[actix_web::test]
async fn keys_of_cookies_and_stored_secrets_are_no_weaker_than_those_of_tokens() {
    let database = TestDatabase::create(Kind::Sqlite);
    for weak in [
        "0123456789abcdef0123456789abcde",
        "toBeModified1toBeModified1toBeModified1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "please-change-me-please-change-me!!!",
    ] {
        let mut sealing = production(&database, STRONG);
        sealing.encryption_key = Some(weak.into());
        let mut cookies = production(&database, STRONG);
        // As the second, too: it still opens.
        cookies.app_keys = vec![STRONG.into(), weak.into()];
        for (name, config) in [("UP_ENCRYPTION_KEY: ", sealing), ("APP_KEYS: ", cookies)] {
            let text = refusal(config).await.to_string();
            assert!(text.starts_with(name) && !text.contains('\n'), "{text}");
            assert!(!text.contains(weak), "{text}");
        }
    }
    let mut strong = production(&database, STRONG);
    strong.encryption_key = Some(STRONG.into());
    strong.app_keys = vec!["Wv3nK8qZ1xT6yR0bH5mJ9cL2dF7gS4pA?".into()];
    let start = UsersPermissions::builder().config(strong).build().await;
    start.map(drop).expect("it starts");
}

#[actix_web::test]
async fn a_random_secret_starts_and_development_takes_any() {
    for secret in [
        STRONG,
        "k9:pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!",
        "5f2d8c0b9a7e4f613c2d1b0a9f8e7d6c5b4a39281706f5e4d3c2b1a0f9e8d7c6",
    ] {
        let database = TestDatabase::create(Kind::Sqlite);
        UsersPermissions::builder()
            .config(production(&database, secret))
            .build()
            .await
            .expect(secret);
    }
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    config.signing_keys = Some(SigningKeys::parse("secret").unwrap());
    config.app_keys = vec!["0123456789abcdef0123456789abcdef".into()];
    UsersPermissions::builder()
        .config(config)
        .build()
        .await
        .expect("development starts");
}

#[actix_web::test]
async fn cheap_hashes_and_unusable_values_are_refused_by_name() {
    let database = TestDatabase::create(Kind::Sqlite);
    let changes: [(&str, Change); 5] = [
        ("UP_BCRYPT_COST: ", |config| config.bcrypt_cost = 9),
        ("UP_BCRYPT_COST: ", |config| config.bcrypt_cost = 31),
        ("UP_BCRYPT_COST: ", |config| config.bcrypt_cost = 0),
        ("PUBLIC_URL: ", |config| {
            config.public_url = "example.com".into()
        }),
        ("PUBLIC_URL: ", |config| {
            config.public_url = "https://example.com/?page=1".into()
        }),
    ];
    for (name, change) in changes {
        let mut config = production(&database, STRONG);
        change(&mut config);
        let text = refusal(config).await.to_string();
        assert!(text.starts_with(name) && !text.contains('\n'), "{text}");
    }
    let variables = [
        ("APP_ENV", "staging"),
        ("UP_JWT_EXPIRES_IN", "soon"),
        ("UP_BCRYPT_COST", "ten"),
        ("UP_PASSWORD_POLICY", "none"),
        ("UP_ADVANCED_SETTINGS", "{\"default_rol\":\"x\"}"),
        ("UP_ADVANCED_SETTINGS", "{"),
        ("UP_INITIAL_GRANTS", "maybe"),
        ("JWT_SECRET", "a:one,a:two"),
        ("UP_POOL_SIZE", "-1"),
        ("UP_SYNC_INTERVAL_MS", "0"),
        ("UP_DENY_UNLISTED", "x"),
    ];
    for (name, value) in variables {
        let result = Config::from_lookup(|asked| (asked == name).then(|| value.to_owned()));
        let text = result.map(drop).expect_err(name).to_string();
        assert!(text.starts_with(name) && !text.contains('\n'), "{text}");
    }
    let no_url = Config::from_lookup(|name| (name == "APP_ENV").then(|| "production".to_owned()));
    assert!(
        no_url
            .map(drop)
            .unwrap_err()
            .to_string()
            .starts_with("PUBLIC_URL: ")
    );
}

#[actix_web::test]
async fn a_first_administrator_who_cannot_be_made_stops_the_start_and_the_password_is_not_shown() {
    let changes: [(AdminChange, &str); 4] = [
        (|admin| admin.password = "x1!".into(), "x1!"),
        (
            |admin| admin.password = "c4nary".repeat(20).as_str().into(),
            "c4nary",
        ),
        (|admin| admin.email = "no address".into(), "AdminPass1"),
        (
            |admin| admin.username = "a\u{202e}dmin".into(),
            "AdminPass1",
        ),
    ];
    for (change, password) in changes {
        let database = TestDatabase::create(Kind::Sqlite);
        let mut config = config(&database);
        change(config.first_admin.as_mut().unwrap());
        let text = refusal(config).await.to_string();
        assert!(
            text.starts_with("first administrator: ") && !text.contains('\n'),
            "{text}"
        );
        assert!(!text.contains(password), "{text}");
    }
}

#[actix_web::test]
async fn a_database_that_cannot_be_used_stops_the_start_without_showing_its_password() {
    for url in [
        "postgres://up:c4nary@127.0.0.1:1/none",
        "mysql://up:c4nary@127.0.0.1:1/none",
        "oracle://up:c4nary@127.0.0.1/none",
        "postgres:/up:c4nary@127.0.0.1/none",
        "mysql:up:c4nary@127.0.0.1",
        "sqlite:///nonexistent/directory/test.db",
        "",
    ] {
        let database = TestDatabase::create(Kind::Sqlite);
        let mut config = config(&database);
        config.database_url = url.into();
        let error = refusal(config).await;
        assert!(matches!(error, StartError::Database(_)), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("c4nary"), "{text}");
    }
}
