//! The mails a server has written: it keeps them where it has no mail server.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Server;

/// A mail as it would leave.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The one recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
}

impl Mail {
    /// What the link of the mail carries: hexadecimal digits behind `code=` or `confirmation=`.
    #[track_caller]
    pub fn code(&self) -> String {
        let rest = ["?code=", "?confirmation="]
            .iter()
            .find_map(|before| self.html.split_once(before))
            .unwrap_or_else(|| panic!("no link: {}", self.html))
            .1;
        let digits = rest.chars().take_while(char::is_ascii_hexdigit);
        digits.collect()
    }
}

impl Server {
    /// Every mail so far, the oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let mails = self
            .anonymous()
            .get("/api/users-permissions/dev/mails")
            .await
            .expect(200);
        let text = |mail: &Value, name: &str| mail[name].as_str().unwrap_or_default().to_owned();
        let mails = mails.as_array().expect("a list");
        mails
            .iter()
            .map(|mail| Mail {
                to: text(mail, "to"),
                subject: text(mail, "subject"),
                html: text(mail, "html"),
            })
            .collect()
    }

    /// The newest mail to an address, once there are `count` of this subject; some are written after
    /// the answer.
    pub async fn mail_to(&self, address: &str, subject: &str, count: usize) -> Mail {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let mut found = self.mails().await;
            found.retain(|mail| mail.to == address && mail.subject == subject);
            if found.len() >= count {
                return found.pop().expect("a mail");
            }
            assert!(
                Instant::now() < deadline,
                "{} of {count} mails `{subject}` to {address}",
                found.len()
            );
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks for a new password and reads the code from the mail, which is the `count`-th of its kind.
    pub async fn reset_code(&self, address: &str, count: usize) -> String {
        let body = serde_json::json!({ "email": address });
        let answer = self
            .anonymous()
            .post("/api/auth/forgot-password", body)
            .await;
        assert_eq!(answer.expect(200), serde_json::json!({ "ok": true }));
        self.mail_to(address, "Reset password", count).await.code()
    }

    /// Gives mails asked for so far the time that one asked for now takes: for tests that none comes.
    pub async fn written(&self) {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("last{next}");
        self.register(&name).await;
        self.reset_code(&format!("{name}@example.com"), 1).await;
    }
}
