use users_permissions::permission;

#[permission("api::article.find" auth = false)]
async fn without_comma() {}

#[permission("api::article.find", grant("public") policies(is_owner))]
async fn without_second_comma() {}

#[permission("api::article.find", auth)]
async fn auth_alone() {}

#[permission("api::article.find", auth(false))]
async fn auth_in_parentheses() {}

#[permission("api::article.find", grant = "public")]
async fn grant_as_value() {}

#[permission("api::article.find", policies = is_owner)]
async fn policies_as_value() {}

#[permission("api::article.find",, auth = false)]
async fn comma_too_many() {}

fn main() {}
