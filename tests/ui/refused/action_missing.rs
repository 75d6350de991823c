use users_permissions::permission;

#[permission]
async fn without_arguments() {}

#[permission()]
async fn with_empty_arguments() {}

fn main() {}
