use users_permissions::permission;

#[permission("api::Article.find")]
async fn upper_case_name() {}

#[permission("api::blog post.find")]
async fn space_in_the_name() {}

#[permission("plugin::upload.2nd.find")]
async fn controller_with_a_digit_first() {}

#[permission("api::article.find-one")]
async fn dash_in_the_action() {}

#[permission("api::article.find*")]
async fn wildcard() {}

fn main() {}
