use users_permissions::permission;

#[permission("api::article.find", policies())]
async fn empty() {}

#[permission("api::article.find", policies(is_owner is_editor))]
async fn without_comma() {}

fn main() {}
