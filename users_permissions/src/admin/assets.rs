//! Style sheet, script and icon: in the binary, named after what they hold, so that browsers keep them.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use sha2::{Digest, Sha256};

use super::answer::Outcome;
use super::visit::Visit;
use crate::error::Error;

/// A file.
pub(super) struct Asset {
    /// As it stands in URLs.
    pub(super) name: String,
    media_type: &'static str,
    content: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("admin", "css", "text/css", include_str!("assets/admin.css")));
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    asset(
        "admin",
        "js",
        "text/javascript",
        include_str!("assets/admin.js"),
    )
});
pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    asset(
        "icon",
        "svg",
        "image/svg+xml",
        include_str!("assets/icon.svg"),
    )
});

fn asset(stem: &str, extension: &str, media_type: &'static str, content: &'static str) -> Asset {
    let digest = Sha256::digest(content);
    let digest: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Asset {
        name: format!("{stem}-{digest}.{extension}"),
        media_type,
        content,
    }
}

/// Sends a file, to be kept for a year.
pub(super) async fn serve(visit: &Visit) -> Outcome {
    let file = visit.req.match_info().get("file").unwrap_or_default();
    let all = [&*STYLE, &*SCRIPT, &*ICON];
    let asset = all.into_iter().find(|asset| asset.name == file);
    let asset = asset.ok_or(Error::NotFound("This file does not exist"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(format!("{}; charset=utf-8", asset.media_type))
        .body(asset.content))
}
