use users_permissions::permission;

#[permission("api::article.find", auth = true)]
async fn the_default() {}

#[permission("api::article.find", auth = "no")]
async fn a_string() {}

#[permission("api::article.find", auth = !true)]
async fn an_expression() {}

#[permission("api::article.find", auth =)]
async fn nothing() {}

fn main() {}
