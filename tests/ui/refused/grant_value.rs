use users_permissions::permission;

#[permission("api::article.find", grant())]
async fn empty() {}

#[permission("api::article.find", grant(public, "authenticated", 5))]
async fn not_strings() {}

#[permission("api::article.find", grant("Site Editor", ""))]
async fn names_of_roles() {}

#[permission("api::article.find", grant("public", "public"))]
async fn one_role_twice() {}

fn main() {}
