//! The example application: articles in Strapi's content shapes.

use acceptance::{Client, Kind, Server, on_every_database};
use serde_json::{Value, json};

const ARTICLES: &str = "/api/articles";

async fn start(kind: Kind) -> Server {
    Server::start_with(kind, |config| config.initial_grants = true).await
}

async fn write(client: &Client, title: &str) -> Value {
    let body = json!({ "data": { "title": title } });
    client.post(ARTICLES, body).await.expect(201)["data"].clone()
}

fn path(article: &Value) -> String {
    format!("{ARTICLES}/{}", article["documentId"].as_str().unwrap())
}

on_every_database! {
    async fn an_article_is_written_read_changed_and_deleted(kind) {
        let server = start(kind).await;
        let (ann, anonymous) = (server.register("ann").await.client, server.anonymous());
        let body = json!({ "data": { "title": "Zoë's ✓ 李", "body": "a\nb", "status": "published" } });
        let created = ann.post(ARTICLES, body).await.expect(201);
        assert_eq!(created["meta"], json!({}));
        let article = created["data"].clone();
        let keys: Vec<&String> = article.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["body", "createdAt", "documentId", "id", "publishedAt", "status", "title", "updatedAt"]);
        assert_eq!((&article["title"], &article["body"]), (&json!("Zoë's ✓ 李"), &json!("a\nb")));
        assert_eq!(article["documentId"].as_str().unwrap().len(), 24);
        let created_at = article["createdAt"].as_str().unwrap();
        assert!(created_at.len() == 24 && created_at.ends_with('Z'), "{created_at}");

        assert_eq!(anonymous.get(&path(&article)).await.expect(200)["data"], article);
        let changed = ann.put(&path(&article), json!({ "data": { "title": "New" } })).await.expect(200)["data"].clone();
        assert_eq!((&changed["title"], &changed["body"], &changed["status"]), (&json!("New"), &json!("a\nb"), &json!("published")));
        assert_eq!((&changed["id"], &changed["createdAt"]), (&article["id"], &article["createdAt"]));
        let deleted = ann.delete(&path(&article)).await;
        assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
        for answer in [anonymous.get(&path(&article)).await, ann.delete(&path(&article)).await] {
            answer.expect_error(404, "NotFoundError", "Not Found");
        }
        ann.put(&path(&article), json!({ "data": { "title": "x" } })).await.expect_error(404, "NotFoundError", "Not Found");
    }

    async fn anyone_reads_and_users_write_from_the_first_start_on(kind) {
        let server = start(kind).await;
        let (ann, anonymous) = (server.register("ann").await.client, server.anonymous());
        let article = write(&ann, "First").await;
        for client in [&anonymous, &ann] {
            assert_eq!(client.get("/api/ping").await.expect(200), json!({ "ok": true }));
            client.get(ARTICLES).await.expect(200);
            client.get(&path(&article)).await.expect(200);
        }
        let body = json!({ "data": { "title": "x" } });
        anonymous.post(ARTICLES, body.clone()).await.expect_forbidden();
        anonymous.put(&path(&article), body).await.expect_forbidden();
        anonymous.delete(&path(&article)).await.expect_forbidden();
    }

    async fn only_author_and_administrator_change_and_delete(kind) {
        let server = start(kind).await;
        let (ann, bob) = (server.register("ann").await.client, server.register("bob").await.client);
        let admin = server.admin().await;
        let (first, second) = (write(&ann, "First").await, write(&ann, "Second").await);
        let body = json!({ "data": { "title": "Changed" } });
        bob.put(&path(&first), body.clone()).await.expect_forbidden();
        bob.delete(&path(&first)).await.expect_forbidden();
        // Not the body decides who the author is.
        bob.put(&path(&first), json!({ "data": { "title": "x", "author": 1 } })).await.expect_forbidden();
        bob.post_raw(ARTICLES, "application/json", "{").await.expect(400);
        let broken = bob.request("PUT".parse().unwrap(), &path(&first)).header("content-type", "application/json").body("{");
        bob.send(broken).await.expect_forbidden();
        assert_eq!(server.anonymous().get(&path(&first)).await.expect(200)["data"], first);
        ann.put(&path(&first), body.clone()).await.expect(200);
        admin.put(&path(&second), body).await.expect(200);
        ann.delete(&path(&first)).await.expect(204);
        admin.delete(&path(&second)).await.expect(204);
        bob.delete(&path(&second)).await.expect_error(404, "NotFoundError", "Not Found");
    }

    async fn a_list_is_paged_oldest_first_within_bounds(kind) {
        let server = start(kind).await;
        let ann = server.register("ann").await.client;
        for index in 0..30 {
            write(&ann, &format!("Article {index}")).await;
        }
        let list = async |query: &str| server.anonymous().get(&format!("{ARTICLES}{query}")).await;
        let titles = |page: &Value| -> Vec<String> {
            page["data"].as_array().unwrap().iter().map(|article| article["title"].as_str().unwrap().to_owned()).collect()
        };
        let first = list("").await.expect(200);
        assert_eq!(first["meta"]["pagination"], json!({ "page": 1, "pageSize": 25, "pageCount": 2, "total": 30 }));
        assert_eq!((titles(&first).len(), titles(&first)[0].as_str()), (25, "Article 0"));
        for query in ["?pagination[page]=2", "?pagination%5Bpage%5D=2"] {
            assert_eq!(titles(&list(query).await.expect(200)), ["Article 25", "Article 26", "Article 27", "Article 28", "Article 29"]);
        }
        let small = list("?pagination[page]=4&pagination[pageSize]=8").await.expect(200);
        assert_eq!((titles(&small).len(), &small["meta"]["pagination"]["pageCount"]), (6, &json!(4)));
        let beyond = list("?pagination[page]=9").await.expect(200);
        assert_eq!((titles(&beyond).len(), &beyond["meta"]["pagination"]["total"]), (0, &json!(30)));
        let large = list("?pagination[pageSize]=100000").await.expect(200);
        assert_eq!(large["meta"]["pagination"]["pageSize"], 100);
        for query in [
            "pagination[page]=0", "pagination[page]=-1", "pagination[page]=x", "pagination[page]=1.5", "pagination[page]=",
            "pagination[pageSize]=0", "pagination[pageSize]=-1", "pagination[pageSize]=all", "pagination[page]=9223372036854775807",
            "pagination[page]=99999999999999999999", "pagination[pageSize]=9223372036854775808",
        ] {
            let answer = list(&format!("?{query}")).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.text);
            assert_eq!(answer.expect_refusal()["error"]["name"], "ValidationError");
        }
    }

    async fn a_search_looks_into_title_and_body_whatever_the_case(kind) {
        let server = start(kind).await;
        let ann = server.register("ann").await.client;
        for (title, body) in [("Milk", "of cows"), ("Cheese", "of MILK"), ("100% bread", "draft"), ("Butter", "none")] {
            ann.post(ARTICLES, json!({ "data": { "title": title, "body": body } })).await.expect(201);
        }
        write(&ann, "No body").await;
        let found = async |query: &str| -> (Vec<String>, Value) {
            let list = server.anonymous().get(&format!("{ARTICLES}?{query}")).await.expect(200);
            let titles = list["data"].as_array().unwrap().iter().map(|article| article["title"].as_str().unwrap().to_owned());
            (titles.collect(), list["meta"]["pagination"]["total"].clone())
        };
        assert_eq!(found("_q=milk").await, (vec!["Milk".to_owned(), "Cheese".to_owned()], json!(2)));
        assert_eq!(found("_q=MILK&filters[title]=Milk").await, (vec!["Milk".to_owned()], json!(1)));
        // Neither a wildcard nor another column.
        for query in ["_q=%25", "_q=100%25"] {
            assert_eq!(found(query).await.0, ["100% bread"], "{query}");
        }
        assert_eq!(found("_q=_").await.1, json!(0));
        assert_eq!(found("_q=nobody+writes+so").await.1, json!(0));
        assert_eq!(found("_q=").await.1, json!(5));
        for query in ["_q=%00", "_q[a]=x"] {
            assert_eq!(server.anonymous().get(&format!("{ARTICLES}?{query}")).await.status, 400, "{query}");
        }
    }

    // A database may take letters for one that are two.
    async fn filters_tell_case_and_accents_apart(kind) {
        let server = start(kind).await;
        let ann = server.register("ann").await.client;
        for (title, body) in [("milk", json!("x")), ("Milk", json!("X")), ("MILK shake", json!("y")), ("Mílk", json!(null))] {
            ann.post(ARTICLES, json!({ "data": { "title": title, "body": body } })).await.expect(201);
        }
        for (query, expected) in [
            ("filters[title]=milk", &["milk"][..]),
            ("filters[title][$eq]=Milk", &["Milk"]),
            ("filters[title][$ne]=milk", &["Milk", "MILK shake", "Mílk"]),
            ("filters[title][$in][0]=MILK&filters[title][$in][1]=Mílk", &["Mílk"]),
            ("filters[title][$notIn][0]=MILK&filters[title][$notIn][1]=Mílk", &["milk", "Milk", "MILK shake"]),
            ("filters[title][$contains]=Milk", &["Milk"]),
            ("filters[title][$contains]=il", &["milk", "Milk"]),
            ("filters[title][$notContains]=il", &["MILK shake", "Mílk"]),
            ("filters[title][$startsWith]=M", &["Milk", "MILK shake", "Mílk"]),
            ("filters[title][$endsWith]=k", &["milk", "Milk", "Mílk"]),
            ("filters[title][$eqi]=MILK", &["milk", "Milk"]),
            ("filters[title][$containsi]=milk", &["milk", "Milk", "MILK shake"]),
            ("filters[title][$lt]=a&sort=title", &["MILK shake", "Milk", "Mílk"]),
            ("sort=title", &["MILK shake", "Milk", "Mílk", "milk"]),
            ("sort=title:desc", &["milk", "Mílk", "Milk", "MILK shake"]),
            ("_q=milk", &["milk", "Milk", "MILK shake"]),
            // What has no text satisfies neither a comparison nor its opposite.
            ("filters[body]=x", &["milk"]),
            ("filters[body][$ne]=x", &["Milk", "MILK shake"]),
            ("filters[$not][body]=x", &["Milk", "MILK shake"]),
            ("filters[body][$null]=true", &["Mílk"]),
        ] {
            let list = server.anonymous().get(&format!("{ARTICLES}?{query}")).await.expect(200);
            let titles: Vec<_> = list["data"].as_array().unwrap().iter().map(|article| article["title"].as_str().unwrap()).collect();
            assert_eq!(titles, expected, "{query}");
        }
    }

    async fn times_no_database_knows_are_400(kind) {
        let server = start(kind).await;
        let admin = server.admin().await;
        let outside = [
            "-200000-01-01", "-0001-01-01", "0000-01-01", "0999-12-31T23:59:59Z", "%2B10000-01-01", "%2B262142-12-31",
            "1000-01-01T00:00:00%2B01:00", "9999-12-31T23:59:59-01:00",
        ];
        for path in [ARTICLES, "/api/users", "/api/users/count"] {
            for time in outside {
                for operator in ["$gt", "$eq", "$in"] {
                    let answer = admin.get(&format!("{path}?filters[createdAt][{operator}]={time}")).await;
                    assert_eq!(answer.status, 400, "{path} {operator} {time}: {}", answer.text);
                }
                let query = format!("filters[createdAt][$between][0]={time}&filters[createdAt][$between][1]=2020-01-01");
                assert_eq!(admin.get(&format!("{path}?{query}")).await.status, 400, "{path} {time}");
            }
            for time in ["1000-01-01", "9999-12-31", "9999-12-31T23:59:59.999999Z", "2016-12-31T23:59:60Z"] {
                admin.get(&format!("{path}?filters[createdAt][$gt]={time}")).await.expect(200);
            }
        }
    }

    async fn input_is_checked_with_strapis_words_and_nothing_is_stored(kind) {
        let server = start(kind).await;
        let ann = server.register("ann").await.client;
        let article = write(&ann, "Stays").await;
        for body in [json!({}), json!({ "title": "x" }), json!({ "data": null }), json!({ "data": [] }), json!({ "data": "x" }), json!([])] {
            for answer in [ann.post(ARTICLES, body.clone()).await, ann.put(&path(&article), body.clone()).await] {
                answer.expect_error(400, "ValidationError", "Missing \"data\" payload in the request body");
            }
        }
        for data in [json!({}), json!({ "body": "x" }), json!({ "title": null })] {
            let answer = ann.post(ARTICLES, json!({ "data": data })).await;
            answer.expect_error(400, "ValidationError", "title must be defined.");
        }
        for data in [
            json!({ "title": "" }), json!({ "title": "x".repeat(256) }), json!({ "title": 7 }), json!({ "title": {} }),
            json!({ "title": ["x"] }), json!({ "title": "x", "body": 7 }), json!({ "title": "x", "status": "gone" }),
            json!({ "title": "x", "status": true }), json!({ "title": "x", "nope": 1 }), json!({ "title": "x", "id": 1 }),
            json!({ "title": "x", "author": 1 }), json!({ "title": "x", "authorId": 1 }), json!({ "title": "x", "documentId": "y" }),
            json!({ "title": "x", "createdAt": "2020-01-01" }), json!({ "title": "x", "__proto__": {} }),
        ] {
            for answer in [
                ann.post(ARTICLES, json!({ "data": data })).await, ann.put(&path(&article), json!({ "data": data })).await,
            ] {
                assert_eq!(answer.status, 400, "{data}: {}", answer.text);
                answer.expect_refusal();
            }
        }
        let list = server.anonymous().get(ARTICLES).await.expect(200);
        assert_eq!(list["data"], json!([article]));
        ann.post(ARTICLES, json!({ "data": { "title": "x".repeat(255) } })).await.expect(201);
        ann.post(ARTICLES, json!({ "data": { "title": "é".repeat(255) } })).await.expect(201);
    }

    // What a database cannot store is the sender's mistake, whichever database it is.
    async fn texts_no_column_takes_are_400(kind) {
        let server = start(kind).await;
        let ann = server.register("ann").await.client;
        let article = write(&ann, "Stays").await;
        let mut failed = Vec::new();
        for data in [
            json!({ "title": "a\u{0}b" }), json!({ "title": "x", "body": "a\u{0}b" }),
        ] {
            for answer in [
                ann.post(ARTICLES, json!({ "data": data })).await, ann.put(&path(&article), json!({ "data": data })).await,
            ] {
                if answer.status != 400 {
                    failed.push((data.to_string().chars().take(40).collect::<String>(), answer.status.as_u16()));
                }
            }
        }
        for id in ["%00", "a%00b", "x", "%ff", "%27%20OR%201=1--"] {
            for answer in [ann.get(&format!("{ARTICLES}/{id}")).await, ann.delete(&format!("{ARTICLES}/{id}")).await] {
                if !answer.status.is_client_error() {
                    failed.push((id.to_owned(), answer.status.as_u16()));
                }
            }
        }
        let long = json!({ "data": { "title": "x", "body": "x".repeat(100_000) } });
        let answer = ann.post(ARTICLES, long).await;
        match answer.status.as_u16() {
            201 => assert_eq!(answer.json()["data"]["body"].as_str().unwrap().len(), 100_000),
            400 => {}
            other => failed.push(("a body of 100 000 letters".to_owned(), other)),
        }
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(server.anonymous().get(&path(&article)).await.expect(200)["data"], article);
    }
}

#[actix_web::test]
async fn ids_of_paths_are_text_and_large_bodies_are_413() {
    let server = start(Kind::Sqlite).await;
    let ann = server.register("ann").await.client;
    let article = write(&ann, "First").await;
    for id in [
        "1",
        "0",
        "-1",
        "..",
        "%2e%2e",
        "null",
        &article["id"].to_string(),
    ] {
        let answer = ann.get(&format!("{ARTICLES}/{id}")).await;
        assert_eq!(answer.status, 404, "{id}: {}", answer.text);
    }
    let huge = json!({ "data": { "title": "x", "body": "x".repeat(5 << 20) } });
    ann.post(ARTICLES, huge).await.expect_error(
        413,
        "PayloadTooLargeError",
        "request entity too large",
    );
    ann.post_raw(ARTICLES, "text/plain", "{}")
        .await
        .expect_error(415, "UnsupportedMediaTypeError", "Unsupported Media Type");
    ann.post_raw(ARTICLES, "application/json", "{")
        .await
        .expect(400);
}
