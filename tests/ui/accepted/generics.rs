//! Generic handlers keep their parameters; what actix-web asks of them need not be written.
use std::marker::PhantomData;

use actix_web::{App, HttpResponse, Responder, web};
use users_permissions::permission;

trait Repository {
    type Row;

    fn rows(&self) -> Vec<Self::Row>;
}

struct Numbers;

impl Repository for Numbers {
    type Row = u32;

    fn rows(&self) -> Vec<u32> {
        vec![1, 2]
    }
}

#[permission("api::row.find")]
async fn find<R>(rows: web::Data<R>) -> web::Json<Vec<R::Row>>
where
    R: Repository,
{
    web::Json(rows.rows())
}

#[permission("api::row.first")]
async fn first<R: Repository, const MAX: usize>(rows: web::Data<R>) -> impl Responder {
    HttpResponse::Ok().body(rows.rows().len().min(MAX).to_string())
}

#[permission("api::row.create")]
async fn create<T>(row: web::Json<T>, _marker: web::ReqData<PhantomData<T>>) -> HttpResponse {
    drop(row);
    HttpResponse::Created().finish()
}

/// In the catalog even though no instance of it exists.
#[permission("api::row.nobody")]
#[allow(dead_code)]
async fn nobody<T>(row: web::Data<T>) -> HttpResponse {
    drop(row);
    HttpResponse::Ok().finish()
}

#[permission("api::row.page")]
async fn page<const SIZE: usize>() -> String {
    SIZE.to_string()
}

#[permission("api::row.borrow")]
async fn borrow<'a, 'b: 'a, T: AsRef<[&'a str]>>(names: web::Data<T>) -> String {
    let names: &[&'b str] = &[T::as_ref(&names).first().map_or("", |_| "first")];
    names.concat()
}

#[test]
fn is_accepted() {
    let _ = App::new()
        .route("/rows", web::get().to(find::<Numbers>))
        .route("/rows/first", web::get().to(first::<Numbers, 10>))
        .route("/rows", web::post().to(create::<u32>))
        .route("/rows/page", web::get().to(page::<25>))
        .route("/rows/borrow", web::get().to(borrow::<Vec<&'static str>>));

    assert!(
        crate::entry(file!(), "api::row.row.nobody")
            .handler
            .ends_with("::nobody")
    );
}
