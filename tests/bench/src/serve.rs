//! Runs one application, alike for all variants.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpResponse, HttpServer, web};

use crate::StartResult;
use crate::meter::Meter;

/// Serves `app` with one worker, and the meter's figures at `/stats`, until the process is stopped.
pub async fn serve<F, T, B>(port: u16, meter: Meter, app: F) -> StartResult<()>
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let measured = move || {
        let reader = meter.clone();
        let stats = move || {
            let reading = reader.read();
            async move { HttpResponse::Ok().json(reading) }
        };
        // Below the measured route: the search for that one shall not get longer.
        app()
            .route("/stats", web::get().to(stats))
            .wrap(meter.clone())
    };
    HttpServer::new(measured)
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await?;
    Ok(())
}
