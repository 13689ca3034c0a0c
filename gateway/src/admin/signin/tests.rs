//! People of an issuer, over HTTP: their tokens, the keys that those are signed with, and signing in in a browser.

use std::time::Duration;

use http::Response;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use ops::Setting;
use ring::hmac;
use serde_json::json;

use crate::admin::tests::Running;
use crate::admin::view::Me;
use crate::identity::oidc::Oidc;
use crate::identity::oidc::testing::{CLIENT, Issuer, SECRET};
use crate::identity::{Access, OidcSpec, People, Role};
use crate::tls::Trust;

const REDIRECT: &str = "http://127.0.0.1:8081/ui/oidc/callback";

fn path(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

fn spec(issuer: &Issuer) -> OidcSpec {
    OidcSpec {
        issuer: issuer.url.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(Setting::Plain(SECRET.to_owned())),
        audience: vec![CLIENT.to_owned()],
        redirect: Some(REDIRECT.to_owned()),
        scopes: vec!["profile".to_owned()],
        name: path("sub"),
        display: path("name"),
        groups: path("groups"),
        roles: vec![
            ("movers".to_owned(), Role::Operator),
            ("board".to_owned(), Role::Approver),
        ],
        algorithms: vec![Algorithm::EdDSA, Algorithm::RS256],
        trust: Trust::System,
        leeway: Duration::from_secs(5),
    }
}

async fn running(spec: OidcSpec) -> Running {
    let mut access = Access::from(People::open(None, &[]).unwrap());
    access.oidc = Some(Box::new(Oidc::open(spec).unwrap()));
    Running::with(access).await
}

async fn me(gateway: &Running, token: &str) -> Result<Me, u16> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = gateway.raw("GET", "/v1/me", &headers, "").await;
    match answer.status().as_u16() {
        200 => Ok(serde_json::from_str(answer.body()).unwrap()),
        other => Err(other),
    }
}

fn header<'a>(answer: &'a Response<String>, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_token_of_the_issuer_is_somebody_with_roles() {
    let issuer = Issuer::start().await;
    let gateway = running(spec(&issuer)).await;
    let anna = me(&gateway, &issuer.token(&json!({}))).await.unwrap();
    assert_eq!((anna.name.as_str(), anna.how.as_str()), ("anna", "oidc"));
    assert_eq!(anna.display, "Anna Muster");
    assert_eq!(anna.roles, ["operator"]);
    let since: Timestamp = anna.authenticated_at.parse().unwrap();
    let ago = Timestamp::now().as_second() - since.as_second();
    assert!((100..130).contains(&ago), "auth_time, not now: {ago}");

    let now = Timestamp::now().as_second();
    for (claims, wanted) in [
        (json!({"aud": "another"}), 401),
        (json!({"aud": null}), 401),
        (json!({"iss": "https://evil.example"}), 401),
        (json!({"exp": now - 10}), 401),
        (json!({"exp": null}), 401),
        (json!({"nbf": now + 100}), 401),
        (json!({"sub": null}), 401),
        (json!({"sub": "anna\nbruno"}), 401),
        (json!({"sub": " "}), 401),
        // Known, and nobody who may do anything.
        (json!({"groups": ["staff"]}), 403),
        (json!({"groups": null}), 403),
    ] {
        let found = me(&gateway, &issuer.token(&claims)).await;
        assert_eq!(found.unwrap_err(), wanted, "{claims}");
    }
    let several = json!({"aud": ["another", CLIENT], "groups": "board", "auth_time": now + 1000});
    let several = me(&gateway, &issuer.token(&several)).await.unwrap();
    assert_eq!(several.roles, ["approver"]);
    let since: Timestamp = several.authenticated_at.parse().unwrap();
    assert!(since <= Timestamp::now(), "no clock makes anybody fresher");
    gateway.stop().await;
}

#[tokio::test]
async fn what_the_issuer_did_not_sign_is_nobodys() {
    let issuer = Issuer::start().await;
    let gateway = running(spec(&issuer)).await;
    let nothing = |_: &[u8], _: &[u8]| Vec::new();
    let by_public_key = |message: &[u8], key: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, message).as_ref().to_vec()
    };
    let by_shared = |message: &[u8], _: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        hmac::sign(&key, message).as_ref().to_vec()
    };
    let (good, other) = (
        issuer.token(&json!({})),
        issuer.token(&json!({"sub": "eve"})),
    );
    let (message, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    for token in [
        issuer.forged(&json!({"alg": "none"}), nothing),
        issuer.forged(&json!({"alg": "none", "kid": "first"}), nothing),
        issuer.forged(&json!({"alg": "EdDSA", "kid": "first"}), nothing),
        issuer.forged(&json!({"alg": "HS256", "kid": "first"}), by_public_key),
        issuer.forged(&json!({"alg": "HS256"}), by_public_key),
        // Of the set, but no key pair: whoever reads the set could sign.
        issuer.forged(&json!({"alg": "HS256", "kid": "shared"}), by_shared),
        issuer.forged(&json!({"alg": "RS256", "kid": "first"}), by_public_key),
        format!("{message}.{signature}"),
        format!("{message}."),
    ] {
        assert_eq!(me(&gateway, &token).await.unwrap_err(), 401, "{token}");
    }
    assert!(me(&gateway, &good).await.is_ok());
    gateway.stop().await;
    // Only the algorithms of the file.
    let narrow = OidcSpec {
        algorithms: vec![Algorithm::RS256],
        ..spec(&issuer)
    };
    let gateway = running(narrow).await;
    assert_eq!(
        me(&gateway, &good).await.unwrap_err(),
        503,
        "no key of the set is left"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_new_key_counts_at_once_and_unknown_ones_do_not_make_us_ask_again_and_again() {
    let issuer = Issuer::start().await;
    let access = Oidc::open(spec(&issuer)).unwrap();
    let now = Timestamp::now();
    let old = issuer.token(&json!({}));
    for _ in 0..5 {
        access.by_token(&old, now).await.unwrap();
    }
    assert_eq!(issuer.fetched(), 1);
    issuer.rotate("second");
    let new = issuer.token(&json!({}));
    // Lately asked: not again yet.
    assert!(access.by_token(&new, now).await.is_err());
    assert_eq!(issuer.fetched(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    access.by_token(&new, now).await.unwrap();
    assert_eq!(issuer.fetched(), 2);
    assert!(access.by_token(&old, now).await.is_err(), "taken away");
    let unknown = json!({"alg": "EdDSA", "kid": "unheard-of"});
    for _ in 0..50 {
        let token = issuer.forged(&unknown, |_, _| vec![0; 64]);
        assert!(access.by_token(&token, now).await.is_err());
    }
    assert_eq!(issuer.fetched(), 2);
    // What is known counts on where the issuer is gone.
    drop(issuer);
    access.by_token(&new, now).await.unwrap();
}

/// Leaves to sign in: the address of the issuer's page, and the cookie that is carried until one is back.
async fn leave(gateway: &Running, query: &str) -> (String, String) {
    let path = format!("/ui/oidc/start{query}");
    let left = gateway.raw("GET", &path, &[], "").await;
    assert_eq!(left.status(), 303);
    let cookie = header(&left, "set-cookie").split(';').next().unwrap();
    (header(&left, "location").to_owned(), cookie.to_owned())
}

/// What the issuer's page answers: where the browser is sent back to, as a path.
async fn consent(to: &str) -> String {
    let uri: http::Uri = to.parse().unwrap();
    let stream = tokio::net::TcpStream::connect(uri.authority().unwrap().as_str()).await;
    let io = hyper_util::rt::TokioIo::new(stream.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(uri.path_and_query().unwrap().as_str())
        .header("host", uri.authority().unwrap().as_str())
        .body(http_body_util::Empty::<bytes::Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    let back: http::Uri = answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(back.to_string().starts_with(REDIRECT), "{back}");
    back.path_and_query().unwrap().to_string()
}

async fn come_back(gateway: &Running, path: &str, cookie: &str) -> Response<String> {
    gateway.raw("GET", path, &[("cookie", cookie)], "").await
}

#[tokio::test]
async fn a_browser_signs_in_with_the_issuer_and_is_back_where_it_was() {
    let issuer = Issuer::start().await;
    let gateway = running(spec(&issuer)).await;
    let (to, cookie) = leave(&gateway, "?next=/ui/groups/lots").await;
    assert!(to.contains("&code_challenge=") && to.contains("&nonce=") && !to.contains("prompt="));
    let path = consent(&to).await;
    let back = come_back(&gateway, &path, &cookie).await;
    assert_eq!(
        (back.status().as_u16(), header(&back, "location")),
        (303, "/ui/groups/lots")
    );
    let cookies: Vec<_> = back.headers().get_all("set-cookie").iter().collect();
    let session = cookies[0].to_str().unwrap().split(';').next().unwrap();
    assert!(session.starts_with("figway-session="));
    let page = gateway
        .raw("GET", "/v1/me", &[("cookie", session)], "")
        .await;
    let page: Me = serde_json::from_str(page.body()).unwrap();
    assert_eq!((page.name.as_str(), page.how.as_str()), ("anna", "oidc"));
    assert!(page.csrf.is_some());

    // The same answer once more.
    let again = come_back(&gateway, &path, &cookie).await;
    assert_eq!(
        header(&again, "location"),
        "/ui/login?why=late&next=%2Fui%2F"
    );
    // Another browser with somebody's answer.
    let (to, _) = leave(&gateway, "").await;
    let (_, others) = leave(&gateway, "").await;
    let path = consent(&to).await;
    for cookie in [others.as_str(), "figway-oidc=", "a=b"] {
        let stolen = come_back(&gateway, &path, cookie).await;
        assert!(header(&stolen, "location").starts_with("/ui/login?why=late"));
    }
    // A state that nobody left with, and none.
    for path in ["/ui/oidc/callback?state=x&code=y", "/ui/oidc/callback"] {
        let made_up = come_back(&gateway, path, &cookie).await;
        assert!(header(&made_up, "location").starts_with("/ui/login?why=late"));
    }
    // Elsewhere afterwards, never.
    let (to, cookie) = leave(&gateway, "?next=https://evil.example&anew=1").await;
    assert!(to.contains("&prompt=login&max_age=0"));
    let back = come_back(&gateway, &consent(&to).await, &cookie).await;
    assert_eq!(header(&back, "location"), "/ui/");
    gateway.stop().await;
}

#[tokio::test]
async fn an_answer_that_does_not_fit_signs_nobody_in() {
    let issuer = Issuer::start().await;
    let gateway = running(spec(&issuer)).await;
    for claims in [
        json!({"nonce": "of another time"}),
        json!({"nonce": null}),
        json!({"aud": "another"}),
        json!({"aud": [CLIENT, "another"], "azp": "another"}),
        json!({"iss": "https://evil.example"}),
        json!({"exp": 1}),
    ] {
        issuer.say(claims.clone());
        let (to, cookie) = leave(&gateway, "").await;
        let back = come_back(&gateway, &consent(&to).await, &cookie).await;
        assert_eq!(
            header(&back, "location"),
            "/ui/login?why=oidc&next=%2Fui%2F",
            "{claims}"
        );
        assert!(back.headers().get("set-cookie").is_none());
    }
    issuer.say(json!({}));
    // Said no; of another issuer; a code that is none.
    for change in [
        "error=access_denied",
        "iss=https://evil.example",
        "code=none",
    ] {
        let (to, cookie) = leave(&gateway, "").await;
        let path = consent(&to).await;
        let (name, _) = change.split_once('=').unwrap();
        let (path, query) = path.split_once('?').unwrap();
        let parts = query
            .split('&')
            .filter(|part| !part.starts_with(&format!("{name}=")));
        let query: Vec<_> = parts.chain([change]).collect();
        let back = come_back(&gateway, &format!("{path}?{}", query.join("&")), &cookie).await;
        assert!(
            header(&back, "location").starts_with("/ui/login?why=oidc"),
            "{change}"
        );
    }
    gateway.stop().await;
}

#[tokio::test]
async fn an_issuer_that_is_another_or_away_is_not_believed() {
    let issuer = Issuer::start().await;
    let posing = OidcSpec {
        // It answers there, and says it is somebody else.
        issuer: issuer.url.replace("127.0.0.1", "localhost"),
        ..spec(&issuer)
    };
    let gateway = running(posing).await;
    let good = issuer.token(&json!({}));
    assert_eq!(me(&gateway, &good).await.unwrap_err(), 503);
    let left = gateway.raw("GET", "/ui/oidc/start", &[], "").await;
    assert_eq!(
        header(&left, "location"),
        "/ui/login?why=issuer&next=%2Fui%2F"
    );
    gateway.stop().await;
}
