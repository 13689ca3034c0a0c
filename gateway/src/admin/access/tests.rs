//! Who may come in, over HTTP: each endpoint and role, sessions and their forms, certificates, too many requests.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use ops::{Secret, Setting};
use serde_json::{Value, json};

use crate::admin::AdminDoor;
use crate::admin::api::endpoints;
use crate::admin::client::{Client, ClientError};
use crate::admin::tests::{Running, change, code};
use crate::admin::view::{ChangeRequest, Changed, HistoryPage, Me, SetMode};
use crate::config::Reach;
use crate::identity::limit::Limits;
use crate::identity::session::Sessions;
use crate::identity::{Access, LimitSpec, People, Person, Role, Roles, SessionSpec};
use crate::mode::Mode;
use crate::shed::Rate;
use crate::tls::testing::Authority;
use crate::tls::{Acceptor, ClientSpec, Clients, Demand, ServerSpec, Speaks};

fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.to_owned(),
        display: format!("{name} of the tests"),
        token: Some(Setting::Plain(format!("the token of {name}"))),
        certificates: Vec::new(),
        roles: roles.iter().copied().collect(),
    }
}

async fn running() -> Running {
    let mut people: Vec<_> = Role::ALL
        .into_iter()
        .map(|role| person(role.as_str(), &[role]))
        .collect();
    people.push(person("nobody", &[]));
    Running::with(People::open(None, &people).unwrap()).await
}

#[tokio::test]
async fn each_endpoint_wants_its_role() {
    let gateway = running().await;
    let mut told = Vec::new();
    for endpoint in endpoints() {
        let path = endpoint.path.replace("{group}", "lots");
        let path = path.replace("{backend}", "erp");
        let mut may = Vec::new();
        for name in ["viewer", "operator", "approver", "admin", "nobody"] {
            let client = gateway.client_of(&format!("the token of {name}"));
            let answer = match endpoint.method {
                Method::GET => client.get::<Value>(&path).await,
                _ => client.post::<Value>(&path, &json!({})).await,
            };
            match answer {
                Err(ClientError::Refused { problem }) if problem.status == 403 => {
                    let role = endpoint.role.unwrap();
                    assert_eq!(problem.code, format!("wants_{role}"));
                }
                // What it said, or what is wrong with a body of nothing.
                _ => may.push(name),
            }
        }
        let unknown = match endpoint.method {
            Method::GET => gateway.anybody.get::<Value>(&path).await,
            _ => gateway.anybody.post::<Value>(&path, &json!({})).await,
        };
        if endpoint.role.is_some() {
            assert_eq!(code(unknown), "unauthorized", "{path}");
        } else {
            may.push("anybody");
        }
        let (method, path) = (endpoint.method, endpoint.path);
        told.push(format!("{method} {path}: {}", may.join(" ")));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    GET /v1/me: viewer operator approver admin
    GET /v1/openapi.json: viewer operator approver admin
    GET /v1/routes: viewer operator approver admin
    GET /v1/backends: viewer operator approver admin
    POST /v1/backends/{backend}/rebuild: operator admin
    POST /v1/explain: viewer operator approver admin
    POST /v1/groups/{group}/mode: operator admin
    POST /v1/groups/{group}/rollback: operator admin
    GET /v1/groups/{group}/parked: viewer operator approver admin
    POST /v1/groups/{group}/parked: operator admin
    POST /v1/groups/{group}/proposals: operator admin
    POST /v1/groups/{group}/events: operator admin
    GET /v1/rollouts: viewer operator approver admin
    GET /v1/rollouts/events: viewer operator approver admin
    GET /v1/proposals: viewer operator approver admin
    POST /v1/proposals/{id}/approve: approver
    POST /v1/proposals/{id}/reject: viewer operator approver admin
    POST /v1/proposals/{id}/make: operator admin
    GET /v1/gateways: viewer operator approver admin
    POST /v1/gateways: admin
    GET /v1/history: viewer operator approver admin
    GET /v1/evidence: viewer operator approver admin
    POST /v1/evidence/clear: operator admin
    GET /v1/health: viewer operator approver admin nobody anybody
    GET /v1/ready: viewer operator approver admin nobody anybody
    GET /metrics: viewer operator approver admin nobody anybody
    GET /v1/metrics: viewer operator approver admin nobody anybody
    ");
    gateway.stop().await;
}

#[tokio::test]
async fn who_in_the_log_is_who_asked() {
    let gateway = running().await;
    let operator = gateway.client_of("the token of operator");
    let me: Me = operator.get("/v1/me").await.unwrap();
    assert_eq!((me.name.as_str(), me.how.as_str()), ("operator", "token"));
    assert_eq!(me.display, "operator of the tests");
    assert_eq!(me.roles, ["operator"]);
    let set = |who: Option<&str>| SetMode {
        mode: Mode::Shadow,
        change: ChangeRequest {
            who: who.map(str::to_owned),
            ..change()
        },
        break_glass: false,
    };
    let path = "/v1/groups/lots/mode";
    let refused = operator.post::<Changed>(path, &set(Some("anna"))).await;
    assert_eq!(code(refused), "who_differs");
    let _changed: Changed = operator.post(path, &set(None)).await.unwrap();
    let page: HistoryPage = operator.get("/v1/history?from=4").await.unwrap();
    let entry: Value = serde_json::from_str(page.entries[0].raw.as_ref().unwrap()).unwrap();
    assert_eq!(entry["who"], "operator");
    gateway.stop().await;

    // Whoever has the shared token says who they are.
    let gateway = Running::start().await;
    let refused = gateway.client.post::<Changed>(path, &set(None)).await;
    assert_eq!(code(refused), "bad_request");
    let _changed: Changed = gateway.client.post(path, &set(Some("anna"))).await.unwrap();
    let me: Me = gateway.client.get("/v1/me").await.unwrap();
    assert_eq!(me.how, "shared");
    assert_eq!(me.roles.len(), Roles::all().iter().count());
    gateway.stop().await;
}

/// The headers of a page of ours in that session.
fn page(cookie: &str) -> Vec<(&str, &str)> {
    vec![
        ("cookie", cookie),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
}

/// A browser's session: its cookie, as it sends it.
async fn signed_in(gateway: &Running, form: &str) -> String {
    let site = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = gateway.raw("POST", "/ui/login", &site, form).await;
    assert_eq!(answer.status(), 303, "{}", answer.body());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

fn header<'a>(answer: &'a http::Response<String>, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn word(answer: &http::Response<String>) -> String {
    let problem: Value = serde_json::from_str(answer.body()).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_reads_and_changes_only_from_its_own_page() {
    let access =
        Access::from(People::open(None, &[person("operator", &[Role::Operator])]).unwrap());
    let gateway = Running::with(access).await;
    let cookie = signed_in(&gateway, "token=the+token+of+operator&next=/ui/x").await;
    let me = gateway
        .raw("GET", "/v1/me", &[("cookie", &cookie)], "")
        .await;
    assert_eq!(me.status(), 200);
    let me: Me = serde_json::from_str(me.body()).unwrap();
    assert_eq!((me.name.as_str(), me.how.as_str()), ("operator", "token"));
    let csrf = me.csrf.unwrap();

    let path = "/v1/groups/lots/mode";
    let body = json!({"mode": {"mode": "shadow"}, "change": {"why": "to see"}}).to_string();
    let with = |site: &'static str, token: &str| {
        let token = token.to_owned();
        let (gateway, cookie, body) = (&gateway, &cookie, &body);
        async move {
            let headers = [
                ("cookie", cookie.as_str()),
                ("sec-fetch-site", site),
                ("x-csrf-token", token.as_str()),
            ];
            gateway.raw("POST", path, &headers, body).await
        }
    };
    for (site, token) in [
        ("cross-site", csrf.as_str()),
        ("same-site", &csrf),
        ("none", &csrf),
        ("same-origin", ""),
        ("same-origin", "another"),
    ] {
        let refused = with(site, token).await;
        assert_eq!(
            (refused.status().as_u16(), word(&refused).as_str()),
            (403, "csrf"),
            "{site}"
        );
    }
    let nothing = [("cookie", cookie.as_str()), ("x-csrf-token", &csrf)];
    let none = gateway.raw("POST", path, &nothing, &body).await;
    assert_eq!(word(&none), "csrf", "no browser says from where");
    let changed = with("same-origin", &csrf).await;
    assert_eq!(changed.status(), 200, "{}", changed.body());

    // A bearer token needs none of that.
    let bearer = [("authorization", "Bearer the token of operator")];
    let body = json!({"mode": {"mode": "legacy"}, "change": {"why": "enough"}}).to_string();
    let changed = gateway.raw("POST", path, &bearer, &body).await;
    assert_eq!(changed.status(), 200, "{}", changed.body());
    gateway.stop().await;
}

#[tokio::test]
async fn a_form_carries_the_token_and_signing_out_ends_the_session() {
    let gateway = Running::start().await;
    let cookie = signed_in(
        &gateway,
        "token=a+token+for+a+test&name=Anna&next=//evil.example",
    )
    .await;
    let me = gateway
        .raw("GET", "/v1/me", &[("cookie", &cookie)], "")
        .await;
    let me: Me = serde_json::from_str(me.body()).unwrap();
    assert_eq!((me.name.as_str(), me.how.as_str()), ("Anna", "shared"));
    let csrf = me.csrf.unwrap();
    for form in [
        String::new(),
        "csrf=x".to_owned(),
        format!("csrf={csrf}&csrf={csrf}"),
    ] {
        let refused = gateway
            .raw("POST", "/ui/logout", &page(&cookie), &form)
            .await;
        assert_eq!(word(&refused), "csrf", "{form}");
    }
    let out = format!("a=b&csrf={csrf}");
    let out = gateway
        .raw("POST", "/ui/logout", &page(&cookie), &out)
        .await;
    assert_eq!(
        (out.status().as_u16(), header(&out, "location")),
        (303, "/ui/login")
    );
    assert!(header(&out, "set-cookie").contains("Max-Age=0"));
    let over = gateway
        .raw("GET", "/v1/me", &[("cookie", &cookie)], "")
        .await;
    assert_eq!(over.status(), 401);
    // A page would be led to signing in; a part of one has its page led there.
    let left = gateway.raw("POST", "/ui/logout", &page(&cookie), "").await;
    assert_eq!(header(&left, "location"), "/ui/login?next=%2Fui%2F");
    let mut part = page(&cookie);
    part.extend([
        ("hx-request", "true"),
        ("hx-current-url", "http://x/ui/groups/lots?a=b"),
    ]);
    let left = gateway.raw("POST", "/ui/logout", &part, "").await;
    assert_eq!(left.status(), 401);
    let wanted = "/ui/login?next=%2Fui%2Fgroups%2Flots%3Fa%3Db";
    assert_eq!(header(&left, "hx-redirect"), wanted);
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it() {
    let mut access =
        Access::from(People::open(None, &[person("viewer", &[Role::Viewer])]).unwrap());
    access.sessions = Sessions::new(SessionSpec {
        idle: Duration::from_nanos(1),
        ..SessionSpec::default()
    });
    let gateway = Running::with(access).await;
    let cookie = signed_in(&gateway, "token=the+token+of+viewer").await;
    let over = gateway
        .raw("GET", "/v1/me", &[("cookie", &cookie)], "")
        .await;
    assert_eq!(
        (over.status().as_u16(), word(&over).as_str()),
        (401, "unauthorized")
    );
    gateway.stop().await;
}

#[tokio::test]
async fn pages_are_for_this_browser_and_this_site_alone() {
    let gateway = Running::start().await;
    let page = gateway
        .raw("GET", "/ui/login?why=token&next=/ui/%22%3E", &[], "")
        .await;
    assert_eq!(page.status(), 200);
    for (name, part) in [
        ("content-security-policy", "script-src 'self'; "),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert!(header(&page, name).contains(part), "{name}");
    }
    assert!(!header(&page, "content-security-policy").contains("unsafe"));
    assert!(page.body().contains("Nobody has this token."));
    assert!(
        page.body()
            .contains(r#"name="next" value="/ui/&#34;&#62;""#),
        "{}",
        page.body()
    );
    let elsewhere = [("sec-fetch-site", "cross-site")];
    let refused = gateway
        .raw("POST", "/ui/login", &elsewhere, "token=x")
        .await;
    assert_eq!(word(&refused), "csrf");
    let wrong = gateway
        .raw("POST", "/ui/login", &[], "token=x&next=/ui/a")
        .await;
    assert_eq!(
        header(&wrong, "location"),
        "/ui/login?why=token&next=%2Fui%2Fa"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn who_guesses_or_asks_too_often_is_told_when_to_come_again() {
    let minute = Duration::from_secs(60);
    let mut access = Access::from(People::shared(&Secret::new("a token for a test")).unwrap());
    *access.limits = Limits::new(LimitSpec {
        failures: Rate::new(1, minute, 2).unwrap(),
        requests: Rate::new(1, minute, 3).unwrap(),
    });
    let gateway = Running::with(access).await;
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        let gateway = &gateway;
        async move {
            let headers = [("authorization", bearer.as_str())];
            let answer = gateway.raw("GET", "/v1/me", &headers, "").await;
            let again = answer.headers().get("retry-after");
            let again = again.map(|again| again.to_str().unwrap().parse::<u64>().unwrap());
            (
                answer.status().as_u16(),
                again.is_some_and(|again| (1..=61).contains(&again)),
            )
        }
    };
    for _ in 0..3 {
        assert_eq!(ask("a token for a test").await, (200, false));
    }
    assert_eq!(ask("a token for a test").await, (429, true));
    assert_eq!(ask("one guess").await, (401, false));
    assert_eq!(ask("one guess").await, (401, false));
    assert_eq!(ask("two guesses").await, (401, false));
    assert_eq!(ask("three guesses").await, (429, true));
    let form = gateway.raw("POST", "/ui/login", &[], "token=four").await;
    assert_eq!(form.status(), 429);
    gateway.stop().await;
}

#[tokio::test]
async fn a_certificate_is_a_person_and_changes_nothing_for_others_pages() {
    let acme = Authority::new();
    let spec = ServerSpec {
        clients: Clients::Asked {
            ca: acme.path("ca.pem"),
            revoked: Vec::new(),
            demand: Demand::Optional,
        },
        speaks: Speaks::Http1,
        ..acme.server(vec![acme.issue("gateway", &["127.0.0.1"])])
    };
    let operator = Person {
        token: None,
        certificates: vec!["spiffe://acme/anna".to_owned()],
        ..person("anna", &[Role::Operator])
    };
    let by_token = person("viewer", &[Role::Viewer]);
    let people = People::open(None, &[operator, by_token]).unwrap();
    let door = AdminDoor {
        tls: Some(Arc::new(Acceptor::open(&spec).unwrap())),
        reach: Reach::Network,
    };
    let gateway = Running::behind(people, door).await;
    let url = gateway.url.replace("http:", "https:");
    let client = |pair, token: Option<&str>| {
        let spec = ClientSpec {
            pair,
            ..acme.client()
        };
        Client::with_tls(&url, token.map(Secret::new), &spec).unwrap()
    };
    let anna = client(Some(acme.issue("anna", &["spiffe://acme/anna"])), None);
    let me: Me = anna.get("/v1/me").await.unwrap();
    assert_eq!((me.name.as_str(), me.how.as_str()), ("anna", "mtls"));
    let set = SetMode {
        mode: Mode::Shadow,
        change: ChangeRequest {
            who: None,
            ..change()
        },
        break_glass: false,
    };
    let _changed: Changed = anna.post("/v1/groups/lots/mode", &set).await.unwrap();
    let bruno = client(Some(acme.issue("bruno", &["spiffe://acme/bruno"])), None);
    assert_eq!(code(bruno.get::<Me>("/v1/me").await), "unauthorized");
    // A token says who it is, whatever the certificate.
    let viewer = client(
        Some(acme.issue("anna2", &["spiffe://acme/anna"])),
        Some("the token of viewer"),
    );
    let me: Me = viewer.get("/v1/me").await.unwrap();
    assert_eq!((me.name.as_str(), me.how.as_str()), ("viewer", "token"));
    let refused = client(None, None).get::<Me>("/v1/me").await;
    assert_eq!(code(refused), "unauthorized");
    let other = Authority::new();
    let stranger = client(Some(other.issue("anna", &["spiffe://acme/anna"])), None);
    assert!(stranger.get::<Me>("/v1/me").await.is_err());
    gateway.stop().await;
}
