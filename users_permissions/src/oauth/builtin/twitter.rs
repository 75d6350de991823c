//! Twitter: OAuth 1.0a, for the second version tells no address.

use crate::oauth::provider::Provider;

pub(super) fn provider() -> Provider {
    let provider = Provider::oauth1(
        "https://api.twitter.com/oauth/request_token",
        "https://api.twitter.com/oauth/authenticate",
        "https://api.twitter.com/oauth/access_token",
    );
    provider
        .profile_url("https://api.twitter.com/1.1/account/verify_credentials.json")
        .display_name("Twitter")
        .icon("twitter")
        .console_url("https://developer.twitter.com/en/apps")
}
