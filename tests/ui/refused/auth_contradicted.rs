use users_permissions::permission;

#[permission("api::article.find", auth = false, grant("public"))]
async fn with_grant() {}

#[permission("api::article.find", policies(is_owner), auth = false)]
async fn with_policies() {}

fn main() {}
