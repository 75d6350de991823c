//! Requests two servers could read differently are refused, and the connection is closed.

use acceptance::{Kind, Server};

#[actix_web::test]
async fn ambiguous_lengths_are_400_and_the_connection_ends() {
    let server = Server::start(Kind::Sqlite).await;
    let smuggled = "GET /api/users/me HTTP/1.1\r\nHost: x\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 5\r\n",
        "X: y\r\n Content-Length: 5\r\n",
        "Host: y\r\nContent-Length: 5\r\nX\r\n",
    ] {
        let mut raw = server.raw();
        raw.write("POST /api/auth/local HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
        raw.write(headers).write("\r\n0\r\n\r\n").write(smuggled);
        let (answer, closed) = raw.read_to_end();
        assert!(
            closed && answer.starts_with("HTTP/1.1 400 "),
            "{headers:?}: {closed} {answer}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{headers:?}: {answer}"
        );
    }
}

#[actix_web::test]
async fn broken_chunks_are_answered_and_nothing_after_them_is_a_request() {
    let server = Server::start(Kind::Sqlite).await;
    for body in [
        "zz\r\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "5\r\nab",
        "ffffffffffffffffff\r\nx\r\n0\r\n\r\n",
    ] {
        let mut raw = server.raw();
        raw.write("POST /api/auth/local HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
        raw.write("Transfer-Encoding: chunked\r\n\r\n").write(body);
        raw.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").shut();
        let (answer, closed) = raw.read_to_end();
        assert!(
            closed && !answer.contains(" 200 "),
            "{body:?}: {closed} {answer}"
        );
    }
}

#[actix_web::test]
async fn hostile_request_lines_end_neither_a_worker_nor_the_server() {
    let server = Server::start(Kind::Sqlite).await;
    for line in [
        "GET / HTTP/9.9",
        "GET",
        "\0\0\0",
        "GET /\0 HTTP/1.1",
        "GET /%00 HTTP/1.1",
        "GET /%ff%fe HTTP/1.1",
        "GET //evil.example/api/users/me HTTP/1.1",
        "GET http://evil.example/api/users/me HTTP/1.1",
        "GET /api/../api/users/me HTTP/1.1",
        "GET /api/users/%2e%2e/%2e%2e/health HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT x:1 HTTP/1.1",
        "GET /api/users/me?%zz HTTP/1.1",
        "PRI * HTTP/2.0",
        "BREW /api/users/me HTTP/1.1",
        "get /api/users/me HTTP/1.1",
        "TRACE /api/users/me HTTP/1.1",
    ] {
        let mut raw = server.raw();
        raw.write(line)
            .write("\r\nHost: x\r\nConnection: close\r\n\r\n")
            .shut();
        let (answer, closed) = raw.read_to_end();
        assert!(
            closed && !answer.contains(" 200 ") && !answer.contains(" 500 "),
            "{line:?}: {answer}"
        );
    }
    let (few, many) = ("x: y\r\n".repeat(10), "x: y\r\n".repeat(5_000));
    for headers in [few, many] {
        let mut raw = server.raw();
        raw.write("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
            .write(headers)
            .write("\r\n")
            .shut();
        assert!(raw.read_to_end().1);
    }
    for _ in 0..8 {
        server.anonymous().get("/health").await.expect(200);
    }
}
