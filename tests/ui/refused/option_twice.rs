use users_permissions::permission;

#[permission("api::article.find", auth = false, auth = false)]
async fn auth() {}

#[permission("api::article.find", grant("public"), grant("authenticated"))]
async fn grant() {}

#[permission("api::article.find", policies(a), grant("public"), policies(b))]
async fn policies() {}

fn main() {}
