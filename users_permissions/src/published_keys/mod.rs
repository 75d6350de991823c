//! Keys that issuers and providers publish, and how they are read: by age and for unknown ones, one reading at
//! a time, old keys kept on error.

mod set;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use url::Url;

pub(crate) use self::set::KeySet;
use crate::outbound::{OutboundAnswer, OutboundClient};

/// First pause after a reading that failed; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where keys are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// At this URL.
    At(String),
    /// Where this issuer says.
    Discovered(String),
}

/// How long keys are believed, and how often they are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Keys are read again after so long.
    pub(crate) age: Duration,
    /// Keys that could not be read again are believed for so long.
    pub(crate) limit: Duration,
    /// An unknown key is looked for no more often.
    pub(crate) pause: Duration,
}

/// Keys, and when they were read.
pub(crate) struct Known {
    pub(crate) keys: KeySet,
    read_at: Instant,
}

/// How readings went so far.
#[derive(Default)]
struct Progress {
    succeeded_at: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
    /// Where discovery said the keys are.
    discovered: Option<Url>,
}

/// The keys of one issuer.
pub(crate) struct PublishedKeys {
    place: Place,
    times: Times,
    algorithms: Vec<Algorithm>,
    outbound: Arc<OutboundClient>,
    known: ArcSwapOption<Known>,
    progress: Arc<tokio::sync::Mutex<Progress>>,
    generation: AtomicU64,
}

impl fmt::Debug for PublishedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedKeys")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl PublishedKeys {
    /// Keys for signatures of these algorithms; nobody is asked yet.
    pub(crate) fn new(
        place: Place,
        times: Times,
        algorithms: Vec<Algorithm>,
        outbound: Arc<OutboundClient>,
    ) -> Self {
        Self {
            place,
            times,
            algorithms,
            outbound,
            known: ArcSwapOption::empty(),
            progress: Default::default(),
            generation: AtomicU64::new(0),
        }
    }

    /// Another number after a key that was there is gone: what it has verified is to be verified again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The keys that are believed now; a reading is begun when they are old.
    fn known(self: &Arc<Self>) -> Option<Arc<Known>> {
        let are_believed = self.keep_fresh();
        self.known.load_full().filter(|_| are_believed)
    }

    /// Are there keys that are believed? Those that could not be read again for too long are not. Begins a
    /// reading when they are old; waits for nothing.
    pub(crate) fn keep_fresh(self: &Arc<Self>) -> bool {
        let known = self.known.load();
        let Some(age) = known.as_ref().map(|known| known.read_at.elapsed()) else {
            return false;
        };
        // Whoever holds the turn is reading.
        if age >= self.times.age
            && let Ok(progress) = Arc::clone(&self.progress).try_lock_owned()
            && progress.may_read(Instant::now())
        {
            tokio::spawn(Arc::clone(self).read(progress));
        }
        age < self.times.limit
    }

    /// What `read` makes of a token by a key that fits its header. Where none does, the keys are read again, if
    /// that is due: none of this id was known, or the token names none. `None`: there are no keys.
    pub(crate) async fn verify<T>(
        self: &Arc<Self>,
        header: &Header,
        read: impl Fn(&DecodingKey) -> Option<T>,
    ) -> Option<Option<T>> {
        let kid = header.kid.as_deref();
        let by = |known: &Arc<Known>| {
            let mut keys = known.keys.fit(kid, header.alg);
            keys.find_map(|key| read(&key.key))
        };
        let tried = self.known();
        if let Some(found) = tried.as_ref().and_then(by) {
            return Some(Some(found));
        }
        // A key of this name is not read again because somebody has signed with another.
        let is_named = kid.is_some() && tried.as_ref().is_some_and(|tried| tried.keys.knows(kid));
        if is_named {
            return Some(None);
        }
        let tried = tried.as_ref().filter(|_| kid.is_none());
        self.renewed(kid, tried).await.as_ref().map(by)
    }

    /// The keys after a reading, where one is due: there are none yet, the key of this id is unknown, or those
    /// that were `tried` have not verified a token that names none.
    async fn renewed(
        self: &Arc<Self>,
        kid: Option<&str>,
        tried: Option<&Arc<Known>>,
    ) -> Option<Arc<Known>> {
        let progress = Arc::clone(&self.progress).lock_owned().await;
        // Somebody may have read while this one waited.
        let known = self.known();
        let now = Instant::now();
        let is_due = match &known {
            None => true,
            Some(known) => {
                let rested = progress
                    .succeeded_at
                    .is_none_or(|time| now.duration_since(time) >= self.times.pause);
                let have_failed = tried.is_some_and(|tried| Arc::ptr_eq(tried, known));
                (!known.keys.knows(kid) || have_failed) && rested
            }
        };
        if !is_due || !progress.may_read(now) {
            return known;
        }
        // A task of its own, so that clients who hang up do not start one reading after another.
        if let Err(error) = tokio::spawn(Arc::clone(self).read(progress)).await {
            tracing::warn!(%error, place = self.place.name(), "a reading of keys was ended");
        }
        self.known()
    }

    async fn read(self: Arc<Self>, mut progress: tokio::sync::OwnedMutexGuard<Progress>) {
        let found = self.fetch(progress.discovered.as_ref()).await;
        match found {
            Ok((keys, url)) => {
                progress.succeeded_at = Some(Instant::now());
                progress.failures = 0;
                progress.not_before = None;
                progress.discovered = Some(url);
                self.publish(keys);
            }
            Err(reason) => {
                let doublings = progress.failures.min(8);
                let pause = FIRST_PAUSE
                    .saturating_mul(1 << doublings)
                    .min(LONGEST_PAUSE);
                progress.failures = progress.failures.saturating_add(1);
                progress.not_before = Some(Instant::now() + pause);
                // Keys may have moved.
                progress.discovered = None;
                tracing::warn!(place = self.place.name(), %reason, "the keys of an issuer cannot be read; those that are known stay");
            }
        }
    }

    /// Tokens that were verified by a key that is gone are to be verified again.
    fn publish(&self, keys: KeySet) {
        let before = self.known.swap(Some(Arc::new(Known {
            keys,
            read_at: Instant::now(),
        })));
        let after = self.known.load();
        if let (Some(before), Some(after)) = (before, after.as_ref())
            && !after.keys.holds_all_of(&before.keys)
        {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How many keys there are now. Asks whatever is known and however lately somebody has asked: for people
    /// who look after a configuration.
    #[cfg(feature = "admin")]
    pub(crate) async fn count(&self) -> Result<usize, String> {
        let (keys, _) = self.fetch(None).await?;
        let count = keys.count();
        self.publish(keys);
        Ok(count)
    }

    async fn fetch(&self, discovered: Option<&Url>) -> Result<(KeySet, Url), String> {
        let url = match (&self.place, discovered) {
            (Place::At(url), _) => Url::parse(url).map_err(|error| error.to_string())?,
            (Place::Discovered(_), Some(url)) => url.clone(),
            (Place::Discovered(issuer), None) => discover(&self.outbound, issuer).await?,
        };
        let body = ask(&self.outbound, &url).await?;
        let keys = KeySet::parse(&body, &self.algorithms);
        Ok((keys.ok_or("there is no usable key in the answer")?, url))
    }
}

impl Place {
    fn name(&self) -> &str {
        let (Self::At(name) | Self::Discovered(name)) = self;
        name
    }
}

impl Progress {
    fn may_read(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

/// Where an issuer says that its keys are (OpenID Connect Discovery 1.0, section 4).
async fn discover(outbound: &OutboundClient, issuer: &str) -> Result<Url, String> {
    let place = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let place = Url::parse(&place).map_err(|error| error.to_string())?;
    let body = ask(outbound, &place).await?;
    let document: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| "its configuration is no JSON")?;
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err("its configuration is another issuer's".to_owned());
    }
    let url = text("jwks_uri").ok_or("its configuration names no keys")?;
    Url::parse(url).map_err(|error| error.to_string())
}

async fn ask(outbound: &OutboundClient, url: &Url) -> Result<Vec<u8>, String> {
    let answer = outbound.get(url, &[("accept", "application/json")]).await;
    match answer.map_err(|error| error.to_string())? {
        OutboundAnswer {
            status: 200, body, ..
        } => Ok(body),
        OutboundAnswer { status, .. } => Err(format!("status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use serde_json::{Value, json};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Mutex;

    /// What is published, and how often it was asked for.
    type Published = Arc<(Mutex<Value>, AtomicU64)>;

    fn key(kid: &str) -> Value {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid })
    }

    fn publish() -> (Published, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let state: Published = Arc::new((Mutex::new(json!([key("a")])), AtomicU64::new(0)));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // A request of so few headers comes in one piece.
                assert!(stream.read(&mut [0; 4096]).unwrap_or_default() > 0);
                shared.1.fetch_add(1, Ordering::SeqCst);
                let body = json!({ "keys": *shared.0.lock().unwrap() }).to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        (state, url)
    }

    fn keys(url: &str, age: Duration, pause: Duration) -> Arc<PublishedKeys> {
        let outbound = OutboundClient::new(&Config::new("sqlite://:memory:")).unwrap();
        let limit = Duration::from_secs(86_400);
        let times = Times { age, limit, pause };
        let place = Place::At(url.to_owned());
        Arc::new(PublishedKeys::new(
            place,
            times,
            vec![Algorithm::EdDSA],
            Arc::new(outbound),
        ))
    }

    fn asked(state: &Published) -> u64 {
        state.1.load(Ordering::SeqCst)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(future)
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn many_unknown_ids_are_one_reading() {
        run(async {
            let (state, url) = publish();
            let keys = keys(&url, LONG, LONG);
            let ids: Vec<String> = (0..50).map(|number| format!("unknown-{number}")).collect();
            let calls = ids.iter().map(|id| keys.renewed(Some(id), None));
            let known = futures_util::future::join_all(calls).await;
            assert!(known.iter().all(Option::is_some));
            assert_eq!(asked(&state), 1);
        });
    }

    #[test]
    fn a_new_key_is_read_and_an_empty_set_is_none() {
        run(async {
            let (state, url) = publish();
            let keys = keys(&url, LONG, Duration::ZERO);
            let first = keys.renewed(Some("a"), None).await.unwrap();
            // Known: nobody is asked.
            assert!(
                keys.renewed(Some("a"), None)
                    .await
                    .unwrap()
                    .keys
                    .knows(Some("a"))
            );
            assert_eq!(asked(&state), 1);
            *state.0.lock().unwrap() = json!([]);
            let kept = keys.renewed(Some("b"), None).await.unwrap();
            assert!(Arc::ptr_eq(&kept, &first));
            // After a failure there is a pause.
            keys.renewed(Some("b"), None).await.unwrap();
            assert_eq!((asked(&state), keys.generation()), (2, 0));
            *state.0.lock().unwrap() = json!([key("b")]);
            let rotated = async {
                loop {
                    let known = keys.renewed(Some("b"), None).await.unwrap();
                    if known.keys.knows(Some("b")) {
                        break known;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let rotated = tokio::time::timeout(Duration::from_secs(30), rotated)
                .await
                .unwrap();
            assert!(!rotated.keys.knows(Some("a")));
            assert_eq!((asked(&state), keys.generation()), (3, 1));
        });
    }

    #[test]
    fn old_keys_that_could_not_be_read_again_are_not_asked_for_within_the_pause() {
        run(async {
            let (state, url) = publish();
            let keys = keys(&url, Duration::ZERO, LONG);
            keys.renewed(Some("a"), None).await.unwrap();
            *state.0.lock().unwrap() = json!([]);
            let has_failed = || keys.progress.try_lock().is_ok_and(|it| it.failures > 0);
            let failed = async {
                while !has_failed() {
                    assert!(keys.keep_fresh());
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), failed)
                .await
                .unwrap();
            let before = asked(&state);
            for _ in 0..50 {
                assert!(keys.keep_fresh(), "the old ones stay");
                tokio::task::yield_now().await;
            }
            // Whoever had begun to read would hold it until the answer has come.
            let progress = keys.progress.lock().await;
            let end = progress.not_before.unwrap();
            assert!(asked(&state) == before || Instant::now() >= end);
            assert!(progress.may_read(end) && !progress.may_read(end - Duration::from_nanos(1)));
        });
    }

    #[test]
    fn a_token_without_an_id_that_no_key_has_signed_has_them_read_again() {
        run(async {
            let (state, url) = publish();
            let keys = keys(&url, LONG, Duration::ZERO);
            let first = keys.renewed(None, None).await.unwrap();
            *state.0.lock().unwrap() = json!([key("b")]);
            keys.renewed(None, None).await.unwrap();
            assert_eq!(asked(&state), 1);
            let second = keys.renewed(None, Some(&first)).await.unwrap();
            assert!(second.keys.knows(Some("b")));
            // Whoever has tried older ones has those that somebody else has read.
            let third = keys.renewed(None, Some(&first)).await.unwrap();
            assert!(Arc::ptr_eq(&second, &third));
            assert_eq!(asked(&state), 2);
        });
    }
}
