//! The page that shows the description of the API.

use acceptance::{Client, Kind, Server};

/// The URLs a page names.
fn urls(page: &str) -> Vec<&str> {
    ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

async fn page(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(
        policy.contains("script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    let type_ = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(type_, "text/html; charset=utf-8");
    answer.text
}

#[actix_web::test]
async fn the_page_comes_from_the_binary_and_from_nowhere_else() {
    let server = Server::start(Kind::Sqlite).await;
    let anonymous = server.anonymous();
    for (path, base) in [("/api/docs", "/api/"), ("/api/docs/", "/api/docs/")] {
        let page = page(&anonymous, path).await;
        let lower = page.to_lowercase();
        for forbidden in [
            "http:", "https:", "//", "style=", "onload", "<script>", "<style",
        ] {
            assert!(!lower.contains(forbidden), "{forbidden}: {page}");
        }
        let urls = urls(&page);
        assert_eq!(urls.len(), 6, "{urls:?}");
        for url in urls.iter().filter(|url| !url.ends_with(".json")) {
            let answer = anonymous.get(&format!("{base}{url}")).await;
            assert_eq!(answer.status, 200, "{base}{url}");
            let type_ = answer.headers["content-type"].to_str().unwrap();
            let expected = match url.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                _ => "image/png",
            };
            assert!(type_.starts_with(expected), "{url}: {type_}");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        }
    }
    let script = anonymous.get("/api/docs/page.js").await.text;
    assert!(!script.contains("http"), "{script}");
}

#[actix_web::test]
async fn no_other_file_is_served_beside_the_page() {
    let server = Server::start(Kind::Sqlite).await;
    for path in [
        "/api/docs/swagger-initializer.js",
        "/api/docs/oauth2-redirect.html",
        "/api/docs/../Cargo.toml",
        "/api/docs/..%2f..%2fCargo.toml",
        "/api/docs/page/page.js",
        "/api/docs/x",
    ] {
        let answer = server.anonymous().get(path).await;
        answer.expect_error(404, "NotFoundError", "Not Found");
    }
}
