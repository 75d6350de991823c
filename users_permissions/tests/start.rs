//! What a start makes, keeps and refuses.

use std::path::Path;

use users_permissions::{
    AdvancedSettings, CatalogError, Config, Environment, FirstAdmin, SigningKeys, StartError,
    UsersPermissions,
};

fn config(directory: &Path) -> Config {
    let mut config = Config::new(format!("sqlite://{}", directory.join("test.db").display()));
    config.secret_file = directory.join("secret");
    config.bcrypt_cost = 4;
    config
}

async fn start(config: Config) -> Result<UsersPermissions, StartError> {
    UsersPermissions::builder().config(config).build().await
}

/// The text of a refused start: one line, without anything secret.
async fn refusal(config: Config) -> String {
    let error = start(config).await.expect_err("a refusal").to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[actix_web::test]
async fn development_keeps_one_secret_that_only_its_owner_reads() {
    let directory = tempfile::tempdir().unwrap();
    start(config(directory.path())).await.unwrap();
    let file = directory.path().join("secret");
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.len() >= 64, "at least 256 bits");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    start(config(directory.path())).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        secret,
        "a second start keeps it"
    );
}

#[actix_web::test]
async fn production_refuses_missing_and_weak_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.environment = Environment::Production;
    config.bcrypt_cost = 10;
    assert!(refusal(config.clone()).await.starts_with("JWT_SECRET"));
    for weak in [
        "tiny",
        "tobemodified",
        "toBeModified1",
        "secretsecretsecretsecretsecretsecret",
    ] {
        config.signing_keys = Some(SigningKeys::parse(weak).unwrap());
        let error = refusal(config.clone()).await;
        assert!(
            error.starts_with("JWT_SECRET") && !error.contains(weak),
            "{error}"
        );
    }
    config.signing_keys = Some(SigningKeys::parse("pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!").unwrap());
    assert!(
        !directory.path().join("secret").exists(),
        "production generates nothing"
    );
    start(config).await.unwrap();
}

#[actix_web::test]
async fn an_unreachable_or_unknown_database_is_one_clear_line() {
    let error = refusal(Config::new("sqlite:///no/such/directory/x.db")).await;
    assert!(error.starts_with("database: "), "{error}");
    let error = refusal(Config::new("oracle://user:hunter2@host/x")).await;
    assert!(
        error.contains("oracle") && !error.contains("hunter2"),
        "{error}"
    );
}

#[actix_web::test]
async fn an_expected_action_that_was_not_linked_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let builder = UsersPermissions::builder().config(config(directory.path()));
    let error = builder
        .expect_actions(["api::ghost.find"])
        .build()
        .await
        .unwrap_err();
    assert!(
        matches!(error, StartError::Catalog(CatalogError::Missing(action)) if action == "api::ghost.find")
    );
    let builder = UsersPermissions::builder().config(config(directory.path()));
    builder
        .expect_actions(["plugin::users-permissions.user.me"])
        .build()
        .await
        .unwrap();
}

#[actix_web::test]
async fn an_impossible_first_administrator_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    let admin = |email: &str, password: &str| {
        Some(FirstAdmin {
            email: email.into(),
            username: "admin".into(),
            password: password.into(),
        })
    };
    config.first_admin = admin("no address", "correct horse battery");
    assert!(
        refusal(config.clone())
            .await
            .starts_with("first administrator: ")
    );
    config.first_admin = admin("admin@example.com", "password123");
    let error = refusal(config.clone()).await;
    assert!(
        error.starts_with("first administrator: ") && !error.contains("password123"),
        "{error}"
    );
    config.first_admin = admin("admin@example.com", "correct horse battery");
    start(config).await.unwrap();
}

#[actix_web::test]
async fn a_missing_default_role_is_no_reason_not_to_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.advanced_settings = AdvancedSettings {
        default_role: "ghost".into(),
        ..AdvancedSettings::default()
    };
    start(config).await.unwrap();
}
