use users_permissions::permission;

const FIND: &str = "api::article.find";

#[permission(FIND)]
async fn a_constant() {}

#[permission(5)]
async fn a_number() {}

#[permission(auth = false)]
async fn an_option_first() {}

#[permission(b"api::article.find")]
async fn bytes() {}

fn main() {}
