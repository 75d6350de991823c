use users_permissions::permission;

#[permission("api::article.find", auths = false)]
async fn auths() {}

#[permission("api::article.find", grants("public"))]
async fn grants() {}

#[permission("api::article.find", policy(is_owner))]
async fn policy() {}

#[permission("api::article.find", cache = 5, policys(is_owner))]
async fn two_of_them() {}

#[permission("api::article.find", "api::article.list")]
async fn second_action() {}

fn main() {}
