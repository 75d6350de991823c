use users_permissions::permission;

#[permission("article.find")]
async fn without_kind() {}

#[permission("api.article.find")]
async fn dot_after_the_kind() {}

#[permission("")]
async fn empty() {}

#[permission("apis::article.find")]
async fn kind_with_a_slip() {}

#[permission("plugins::upload.destroy")]
async fn plural_kind() {}

#[permission("content::article.find")]
async fn kind_of_another_world() {}

fn main() {}
