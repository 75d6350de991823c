//! What this application has a say in.

use users_permissions::{Builder, NewPassword, RegistrationRequest, User};

/// Names that would be taken for the site's own.
const RESERVED: [&str; 3] = ["postmaster", "support", "webmaster"];

/// Adds the application's hooks to the plugin.
pub fn hooks(builder: Builder) -> Builder {
    builder
        .password_validator(judge_password)
        .before_registration(judge_registration)
        .after_registration(|user: User| {
            tracing::info!(user = user.id, "somebody new; say welcome here")
        })
}

/// Asked about every new password; may wait, for example for a list of breached ones.
async fn judge_password(new: NewPassword) -> Result<bool, String> {
    if new.password().eq_ignore_ascii_case(new.email()) {
        return Err("The password must not be the e-mail address.".to_owned());
    }
    Ok(true)
}

fn judge_registration(request: RegistrationRequest) -> Result<(), String> {
    if RESERVED.contains(&request.username.to_lowercase().as_str()) {
        return Err("This name is reserved.".to_owned());
    }
    Ok(())
}
