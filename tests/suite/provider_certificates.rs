//! Providers are asked by TLS: one whose certificate nobody has signed, or that is another host's, is told nothing.

use acceptance::providers::Simulators;
use acceptance::{Kind, Server, TlsFront};

use crate::social::{Browser, FRONT, enable};

#[actix_web::test]
async fn a_provider_with_a_wrong_certificate_is_shown_no_code() {
    let directory = tempfile::tempdir().unwrap();
    for (host, is_known, is_good) in [
        ("localhost", true, true),
        ("localhost", false, false),
        ("id.example.com", true, false),
    ] {
        let simulators = Simulators::start().await;
        let front = TlsFront::start(host, simulators.base()).await;
        let authority = directory.path().join("ca.pem");
        std::fs::write(&authority, front.certificate()).unwrap();
        let server = Server::start_with(Kind::Sqlite, |config| {
            enable(config, &simulators, "github");
            config.provider_base = Some(front.url());
            config.extra_ca_file = is_known.then_some(authority);
        })
        .await;
        let mut browser = Browser::new(&server);
        browser.connect("github", &[]).await;
        // Whom browsers trust is their own affair.
        browser.location = browser
            .location
            .replacen(&front.url(), simulators.base(), 1);
        let to = browser.back().await;
        let told = match is_good {
            true => "access_token=",
            false => "error=oauth_error&",
        };
        assert!(
            to.starts_with(&format!("{FRONT}?{told}")),
            "{host} {is_known}: {to}"
        );
        assert!(front.connections() > 0, "{host} {is_known}");
        assert_eq!(
            simulators.exchanges(),
            usize::from(is_good),
            "{host} {is_known}"
        );
        assert_eq!(simulators.asked("api.github.com").is_empty(), !is_good);
    }
}
