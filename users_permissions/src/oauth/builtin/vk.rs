//! VK: the address stands beside the access token, without a word on whether it is confirmed, and errors are
//! answered 200.

use crate::oauth::answers::Answers;
use crate::oauth::profile::{Profile, ProviderError, text};
use crate::oauth::provider::Provider;

const USERS: &str = "https://api.vk.com/method/users.get";

pub(super) fn provider() -> Provider {
    let provider = Provider::oauth2(
        "https://oauth.vk.com/authorize",
        "https://oauth.vk.com/access_token",
    );
    provider
        .scopes(["email"])
        .without_pkce()
        .profile(read)
        .display_name("VK")
        .icon("vk")
        .console_url("https://vk.com/apps?act=manage")
}

async fn read(answers: Answers) -> Result<Profile, ProviderError> {
    let field = |name: &str| answers.field(name).and_then(|value| text(value, ""));
    let subject = field("user_id").ok_or("the answer has no user id")?;
    let fields = [("access_token", answers.access_token()), ("v", "5.199")];
    let users = answers.post(USERS, &fields).await?;
    if text(&users, "/response/0/id").as_deref() != Some(subject.as_str()) {
        return Err("the profile is somebody else's".into());
    }
    let names = ["/response/0/first_name", "/response/0/last_name"];
    let names: Vec<_> = names
        .iter()
        .filter_map(|place| text(&users, place))
        .collect();
    let profile = Profile::new(subject).username(names.join(" "));
    Ok(match field("email") {
        Some(email) => profile.stated_email(email),
        None => profile,
    })
}
