use users_permissions::permission;

#[permission("article.find", auth = 1, polices(is_owner))]
fn find() {}

fn main() {}
