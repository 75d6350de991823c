//! The check takes none of the sixteen arguments that actix-web allows.
use actix_web::http::{Method, Uri};
use actix_web::{App, HttpRequest, get, web};
use users_permissions::permission;

type State = web::Data<u32>;

#[permission("api::article.find")]
#[get("/articles/{id}")]
#[allow(clippy::too_many_arguments)]
async fn find(
    _req: HttpRequest,
    _uri: Uri,
    method: Method,
    path: web::Path<(u32,)>,
    _query: web::Query<Vec<(String, String)>>,
    _header: Option<web::Header<actix_web::http::header::Accept>>,
    _state7: State,
    _state8: State,
    _state9: State,
    _state10: State,
    _state11: State,
    _state12: State,
    _state13: State,
    _state14: State,
    _state15: Result<State, actix_web::Error>,
    mut body: String,
) -> String {
    let (id,) = path.into_inner();
    body.push_str(&format!("{method} {id}"));
    body
}

#[test]
fn is_accepted() {
    let _ = App::new().service(find);
}
