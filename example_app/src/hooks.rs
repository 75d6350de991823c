//! What this application has a say in.

use users_permissions::{Builder, Email, NewPassword, RegistrationRequest, User};

/// Names that would be taken for the site's own.
const RESERVED: [&str; 3] = ["postmaster", "support", "webmaster"];

/// Adds the application's hooks to the plugin.
pub(crate) fn hooks(builder: Builder) -> Builder {
    builder
        .password_validator(judge_password)
        .before_registration(judge_registration)
        .after_registration(|user: User| {
            tracing::info!(user = user.id, "somebody new; say welcome here")
        })
        .email_canonicalizer(one_mailbox)
}

/// Asked about every new password; may wait, for example for a list of breached ones.
async fn judge_password(new: NewPassword) -> Result<bool, String> {
    if new.password().eq_ignore_ascii_case(new.email()) {
        return Err("The password must not be the e-mail address.".to_owned());
    }
    Ok(true)
}

/// What has to be unique about an address: `ann+news@example.com` is delivered to `ann@example.com`, so it gets
/// no second account. Mails still go to the address that was given.
fn one_mailbox(email: &Email) -> String {
    match email.as_str().split_once('@') {
        Some((local, domain)) => {
            let mailbox = local.split_once('+').map_or(local, |(mailbox, _)| mailbox);
            format!("{mailbox}@{domain}")
        }
        None => email.as_str().to_owned(),
    }
}

fn judge_registration(request: RegistrationRequest) -> Result<(), String> {
    if RESERVED.contains(&request.username.to_lowercase().as_str()) {
        return Err("This name is reserved.".to_owned());
    }
    Ok(())
}
