//! Somebody at a browser without scripts: keeps cookies, follows one redirect at a time, sends forms.

use std::collections::BTreeMap;

use reqwest::Method;

use crate::{Answer, Client, Server};

/// A browser with a cookie jar of its own.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    /// Cookies by name.
    pub jar: BTreeMap<String, String>,
    /// Headers to send with every form.
    pub headers: Vec<(&'static str, String)>,
    csrf: String,
}

impl Browser {
    /// A browser that has visited nothing.
    pub fn new(server: &Server) -> Self {
        Self::of(server.anonymous())
    }

    /// The same at the place of a client.
    pub fn of(client: Client) -> Self {
        Self {
            client,
            jar: BTreeMap::new(),
            headers: Vec::new(),
            csrf: String::new(),
        }
    }

    /// Somebody who has signed in to the pages of administrators.
    pub async fn signed_in(server: &Server, name: &str, password: &str) -> Self {
        let mut browser = Self::new(server);
        let answer = browser.sign_in(name, password).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }

    /// Tries to sign in.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.get("/admin/login").await;
        self.post(
            "/admin/login",
            &[("identifier", name), ("password", password)],
        )
        .await
    }

    /// Opens a page, and remembers the token of its forms.
    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.client.request(Method::GET, path);
        self.send(request).await
    }

    /// Asks for a page as a script of another page does.
    pub async fn fetch(&mut self, path: &str) -> Answer {
        let request = self.client.request(Method::GET, path);
        self.send(request.header("sec-fetch-mode", "cors")).await
    }

    /// Opens a page that has to be there.
    #[track_caller]
    pub fn page(&mut self, path: &str) -> impl Future<Output = Html> + '_ {
        let path = path.to_owned();
        async move {
            let answer = self.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            Html(answer.text)
        }
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf.clone();
        let mut all = vec![("_csrf", token.as_str())];
        all.extend(fields);
        self.post_exactly(path, &all).await
    }

    /// Sends a form as it is.
    pub async fn post_exactly(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(Method::POST, path).form(fields);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.send(request).await
    }

    /// Sends a form, has to be led elsewhere, and opens the page that says how it went.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Html {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", Html(answer.text).text());
        let to = answer.headers["location"]
            .to_str()
            .expect("a path")
            .to_owned();
        self.page(&to).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<_> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header("cookie", cookies.join("; ")),
        };
        let answer = self.client.send(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().expect("a cookie");
            let (name, value) = text
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a pair");
            if text.contains("Max-Age=0") || value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = Html(answer.text.clone()).value("_csrf") {
            self.csrf = token;
        }
        answer
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Html(pub String);

impl Html {
    /// Does the text stand in the page, as text?
    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        let escaped = text
            .replace('&', "&#38;")
            .replace('<', "&#60;")
            .replace('>', "&#62;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;");
        assert!(
            self.0.contains(&escaped),
            "no `{escaped}` in {}",
            self.text()
        );
        self
    }

    /// The text stands nowhere in the page's source.
    #[track_caller]
    pub fn has_not(&self, text: &str) -> &Self {
        assert!(!self.0.contains(text), "`{text}` in {}", self.text());
        self
    }

    /// The page without its tags.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut inside = false;
        for c in self.0.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    out.push(' ');
                }
                _ if !inside => out.push(c),
                _ => {}
            }
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value of the first hidden field of this name.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    /// The values of all hidden fields of this name.
    pub fn values(&self, name: &str) -> Vec<String> {
        let marker = format!("name=\"{name}\" value=\"");
        let parts = self.0.split(&marker).skip(1);
        parts
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect()
    }

    /// Where the link or button of this text leads, if there is one.
    pub fn link(&self, text: &str) -> Option<String> {
        let (before, _) = self.0.split_once(&format!("\">{text}"))?;
        let href = before.rsplit("href=\"").next()?.split('"').next()?;
        Some(href.replace("&amp;", "&").replace("&#38;", "&"))
    }

    /// Names of the users with a box to tick, in their order.
    pub fn selectable(&self) -> Vec<String> {
        let boxes = self.0.split("aria-label=\"Select ").skip(1);
        let names = boxes.filter_map(|rest| rest.split('"').next());
        names.map(str::to_owned).collect()
    }

    /// The position of an action's box, as forms name it.
    #[track_caller]
    pub fn position(&self, action: &str) -> String {
        let marker = format!("data-text=\"{action}\"");
        let rest = self
            .0
            .split(&marker)
            .nth(1)
            .unwrap_or_else(|| panic!("no {action}"));
        let rest = rest.split("id=\"a").nth(1).expect("a box");
        rest.split('"').next().expect("a number").to_owned()
    }

    /// The positions of all boxes that are ticked.
    pub fn ticked(&self) -> Vec<String> {
        let boxes = self.0.split("name=\"g\" value=\"").skip(1);
        boxes
            .filter_map(|rest| rest.split('>').next())
            .filter(|tag| tag.contains(" checked"))
            .filter_map(|tag| tag.split('"').next())
            .map(str::to_owned)
            .collect()
    }
}
