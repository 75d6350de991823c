use users_permissions::permission;

#[permission("api::article")]
async fn without_action() {}

#[permission("api::article.article.v1.find")]
async fn four_segments() {}

#[permission("api::article::article.find")]
async fn colons_between_segments() {}

#[permission("api::article..find")]
async fn empty_segment() {}

#[permission("api::")]
async fn nothing_after_the_kind() {}

fn main() {}
