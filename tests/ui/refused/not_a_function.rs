use users_permissions::permission;

#[permission("api::article.find")]
#[derive(Debug)]
pub struct Articles {
    pub count: u32,
}

#[permission("api::article.find")]
mod articles {
    pub async fn find() {}
}

#[permission("api::article.find")]
impl Articles {
    pub async fn find(&self) {}
}

#[permission("api::article.find")]
pub const COUNT: u32 = 1;

fn main() {}
