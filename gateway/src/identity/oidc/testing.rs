//! A small issuer for tests: metadata, keys that change, a page that signs everybody in, and an endpoint that gives tokens for codes, as OpenID
//! Connect Core 1.0 section 3.1 has them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT: &str = "figway";
pub(crate) const SECRET: &str = "a secret of figway's";

type Codes = HashMap<String, HashMap<String, String>>;

pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Arc<Standing>,
    serving: JoinHandle<()>,
}

struct Standing {
    url: String,
    keys: Mutex<Vec<(String, Arc<Ed25519KeyPair>)>>,
    fetched: AtomicUsize,
    codes: Mutex<Codes>,
    /// What claims of the next ID tokens are instead.
    claims: Mutex<Value>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Issuer {
    /// With one key, `first`.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Standing {
            url: url.clone(),
            keys: Mutex::default(),
            fetched: AtomicUsize::new(0),
            codes: Mutex::default(),
            claims: Mutex::new(json!({})),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(about))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let issuer = Self {
            url,
            state,
            serving,
        };
        issuer.rotate("first");
        issuer
    }

    /// From now on it signs with a key of this name alone.
    pub(crate) fn rotate(&self, name: &str) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        *self.state.keys.lock().unwrap() = vec![(name.to_owned(), Arc::new(key))];
    }

    /// How often its keys were fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.state.fetched.load(Ordering::SeqCst)
    }

    /// What the next ID tokens say instead.
    pub(crate) fn say(&self, claims: Value) {
        *self.state.claims.lock().unwrap() = claims;
    }

    /// A token of anna, of the group `movers`, with these claims instead.
    pub(crate) fn token(&self, changes: &Value) -> String {
        self.state.token(changes)
    }

    /// A token with this header, signed by `sign`, which is given the public key.
    pub(crate) fn forged(&self, header: &Value, sign: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> String {
        let message = message(header, &self.state.claims(&json!({})));
        let key = self.state.keys.lock().unwrap()[0]
            .1
            .public_key()
            .as_ref()
            .to_vec();
        let signature = BASE64.encode(sign(message.as_bytes(), &key));
        format!("{message}.{signature}")
    }
}

impl Standing {
    fn claims(&self, changes: &Value) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT, "sub": "anna", "name": "Anna Muster",
            "groups": ["staff", "movers"], "iat": now, "exp": now + 300, "auth_time": now - 100,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn token(&self, changes: &Value) -> String {
        let keys = self.keys.lock().unwrap();
        let (name, key) = &keys[0];
        let header = json!({"alg": "EdDSA", "kid": name});
        let message = message(&header, &self.claims(changes));
        let signature = BASE64.encode(key.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }
}

fn message(header: &Value, claims: &Value) -> String {
    let (header, claims) = (header.to_string(), claims.to_string());
    format!("{}.{}", BASE64.encode(header), BASE64.encode(claims))
}

async fn about(State(state): State<Arc<Standing>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", state.url);
    Json(json!({
        "issuer": state.url, "jwks_uri": at("/keys"),
        "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
    }))
}

async fn keys(State(state): State<Arc<Standing>>) -> Json<Value> {
    state.fetched.fetch_add(1, Ordering::SeqCst);
    let keys = state.keys.lock().unwrap();
    let keys = keys.iter().map(|(name, key)| {
        let x = BASE64.encode(key.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": name, "use": "sig", "x": x})
    });
    // A secret of a set is no key here, whatever it says.
    let shared =
        json!({"kty": "oct", "alg": "HS256", "kid": "shared", "k": BASE64.encode([7; 32])});
    Json(json!({"keys": keys.chain([shared]).collect::<Vec<_>>()}))
}

async fn authorize(
    State(state): State<Arc<Standing>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Redirect, StatusCode> {
    let is = |name: &str, value: &str| query.get(name).is_some_and(|given| given == value);
    let well = is("response_type", "code")
        && is("client_id", CLIENT)
        && is("code_challenge_method", "S256")
        && query["scope"].split(' ').any(|scope| scope == "openid");
    if !well {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut codes = state.codes.lock().unwrap();
    let code = format!("code-{}", codes.len());
    let back = format!(
        "{}?code={code}&state={}&iss={}",
        query["redirect_uri"], query["state"], state.url
    );
    codes.insert(code, query);
    Ok(Redirect::to(&back))
}

async fn token(
    State(state): State<Arc<Standing>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let no = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{CLIENT}:{secret}"))
    );
    if headers
        .get("authorization")
        .is_none_or(|given| given != basic.as_str())
    {
        return no("invalid_client");
    }
    let Some(asked) = state.codes.lock().unwrap().remove(&form["code"]) else {
        return no("invalid_grant");
    };
    let challenge = BASE64.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return no("invalid_grant");
    }
    let mut claims = json!({"nonce": asked["nonce"]});
    let said = state.claims.lock().unwrap().clone();
    for (name, value) in said.as_object().unwrap() {
        claims[name] = value.clone();
    }
    (
        StatusCode::OK,
        Json(json!({"token_type": "Bearer", "id_token": state.token(&claims)})),
    )
}
