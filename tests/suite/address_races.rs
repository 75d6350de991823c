//! Changes of an address that race each other and its proof.

use acceptance::{Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

const OWN: &str = "own@example.com";
const VICTIM: &str = "victim@example.com";

fn link(code: &str) -> String {
    format!("/api/auth/email-confirmation?confirmation={code}")
}

/// Codes that were mailed to an address, the oldest first.
async fn codes(server: &Server, address: &str) -> Vec<String> {
    let mut mails = server.mails().await;
    mails.retain(|mail| mail.to == address && mail.subject == "Account confirmation");
    mails.iter().map(acceptance::Mail::code).collect()
}

/// In each round two instances change Ann's address at once, to her own one and to a victim's, while older
/// proofs of her own one are tried; then everything she was mailed is tried again. Answers how often her own
/// address was the last.
async fn race(kind: Kind, rounds: usize) -> usize {
    let database = TestDatabase::create(kind);
    let mut settings = config(&database);
    settings.advanced_settings.email_confirmation = true;
    let servers = [
        Server::with_config(settings.clone()).await,
        Server::with_config(settings).await,
    ];
    let admin = servers[0].admin().await;
    let admins = [
        admin.clone(),
        servers[1].anonymous().with_token(admin.jwt.unwrap()),
    ];
    let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
    let registered = servers[0]
        .anonymous()
        .post("/api/auth/local/register", body)
        .await
        .expect(200);
    let path = format!("/api/users/{}", registered["user"]["id"]);
    let confirm = async |codes: &[String]| {
        let tries = codes.iter().enumerate().map(|(index, code)| {
            let client = servers[index % 2].anonymous();
            async move { client.get(&link(code)).await.status.as_u16() }
        });
        join_all(tries).await
    };
    let proven =
        format!("SELECT COUNT(*) FROM up_users WHERE email = '{VICTIM}' AND confirmed = TRUE");
    let (mut own, mut older) = (0, Vec::new());
    for round in 0..rounds {
        database.execute("DELETE FROM up_outbox");
        let addresses = [[OWN, VICTIM], [VICTIM, OWN]][round % 2];
        let [first, second] =
            [0, 1].map(|at| admins[at].put(&path, json!({ "email": addresses[at] })));
        let ((one, other), _) = join(join(first, second), confirm(&older)).await;
        one.expect(200);
        other.expect(200);
        older = codes(&servers[0], OWN).await;
        let statuses = confirm(&older).await;
        assert_eq!(database.number(&proven), 0, "round {round}: {statuses:?}");
        let present: Value = admins[0].get(&path).await.expect(200);
        let is_own = present["email"] == OWN;
        own += usize::from(is_own);
        // Her own one is proven exactly if it was the last, by the last code alone.
        assert_eq!(present["confirmed"], is_own, "round {round}: {present}");
        assert_eq!(
            statuses.contains(&302),
            is_own,
            "round {round}: {statuses:?}"
        );
    }
    own
}

on_every_database! {
    async fn no_proof_of_an_address_proves_another_one_that_it_raced_with(kind) {
        race(kind, 24).await;
    }

    #[ignore = "long"]
    async fn nor_in_two_hundred_races(kind) {
        let own = race(kind, 200).await;
        assert!((1..200).contains(&own), "one of the two always won: {own}");
    }
}
