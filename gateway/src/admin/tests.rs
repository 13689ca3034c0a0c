//! The API over a gateway without traffic: what is asked comes back, what is changed goes through control.

use std::path::Path;
use std::time::SystemTime;

use http::Method;
use ops::Secret;
use ops::config::Source;

use super::client::{Client, ClientError};
use super::view::{
    ChangeRequest, Changed, ExplainRequest, Explained, HealthView, HistoryPage, OutcomeView,
    ReadyView, Rollback, Routes, SetMode,
};
use super::*;
use crate::back::Backs;
use crate::backend::http::{EndpointState, FleetState};
use crate::config::Resolved;
use crate::control::{Groups, Settings, Store, WriteLedger};
use crate::identity::People;
use crate::mode::{Mode, Percent};

const FILE: &str = r#"
version = 1
revision = 7

[admin]
listen = "127.0.0.1:0"
token = "env:FIGWAY_ADMIN_TOKEN"

[control]
store = "file"
directory = "control"

[backends.erp]
http = "http://127.0.0.1:9080"

[backends.lots]
http = "http://127.0.0.1:9081"

[groups.lots]
mode = "legacy"

[[routes]]
name = "lot"
match = { method = "GET", path = "/lots/{lot}" }
group = "lots"
legacy = "erp"
modern = "lots"
canary_key = { path = "lot" }
fallback = "legacy"

[[routes]]
name = "order"
match = { method = "POST", path = "/orders" }
legacy = "erp"
modern = "lots"
back_sync = "none"

[[routes]]
name = "rest"
match = { path = "/{*rest}" }
legacy = "erp"
"#;

pub(crate) const TOKEN: &str = "a token for a test";

struct Fixed {
    resolved: Resolved,
}

impl Subjects for Fixed {
    fn backs(&self) -> Option<&Backs> {
        None
    }

    fn rollouts(&self) -> Option<&Rollouts> {
        None
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.resolved.table)
    }

    fn edge(&self) -> Arc<Edge> {
        Arc::clone(&self.resolved.edge)
    }

    fn backend(&self, id: BackendId) -> Option<Arc<str>> {
        let named = self.resolved.backends.get(id.0)?;
        Some(Arc::clone(&named.name))
    }

    fn backends(&self) -> Vec<BackendState> {
        let change = Some((SystemTime::UNIX_EPOCH, "checks are not answered in time"));
        let endpoint = EndpointState {
            name: "erp-a:9080".into(),
            state: "down",
            change,
            ejected_for: None,
            load: 2,
            asked: 7,
            failed: 3,
            ejected: 1,
        };
        let names = self.resolved.backends.iter();
        names
            .map(|named| BackendState {
                name: Arc::clone(&named.name),
                kind: "http",
                fleet: Some(FleetState {
                    endpoints: vec![endpoint.clone()],
                    balance: "round_robin",
                    breaker: Some("half_open"),
                    refused: 4,
                    retried: 5,
                    over_budget: 6,
                }),
                view: None,
            })
            .collect()
    }

    fn rebuild(&self, backend: &str) -> Result<(), NoView> {
        let known = self.backends();
        match known.iter().any(|known| *known.name == *backend) {
            true => Err(NoView::Other),
            false => Err(NoView::Unknown),
        }
    }

    fn ready(&self) -> Result<(), String> {
        Err("draining".to_owned())
    }

    fn taken(&self) -> Taken {
        Taken::default()
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }
}

pub(crate) struct Running {
    pub(crate) client: Client,
    pub(super) anybody: Client,
    ledger: Arc<WriteLedger>,
    pub(crate) evidence: Arc<Evidence>,
    shutdown: Shutdown,
    pub(crate) url: String,
    /// The digest of the rules that route `lot` is compared by.
    pub(crate) rules: String,
    _folder: tempfile::TempDir,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(People::shared(&Secret::new(TOKEN)).unwrap()).await
    }

    pub(crate) async fn with(access: impl Into<Access>) -> Self {
        Self::behind(access, AdminDoor::default()).await
    }

    pub(crate) async fn behind(access: impl Into<Access>, door: AdminDoor) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.toml");
        let source = Source::new(path.display().to_string(), FILE.to_owned());
        let resolved = Resolved::of(&source, &path).unwrap();
        let shutdown = Shutdown::new();
        let ledger = Arc::<WriteLedger>::default();
        let settings = Settings::new(Store::File, folder.path().join("control"), "gw-1");
        let groups = Groups::of(&resolved);
        let control = Control::start(settings, groups, Arc::clone(&ledger), &shutdown)
            .await
            .unwrap();
        let rules = resolved
            .table
            .route("lot")
            .unwrap()
            .compare
            .digest()
            .to_owned();
        let (evidence, token) = (Arc::<Evidence>::default(), Secret::new(TOKEN));
        let shown = Arc::clone(&evidence);
        let admin = Admin::new(control, shown, Fixed { resolved }, access).behind(door);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ending = shutdown.clone();
        shutdown.spawn(async move { admin.serve(listener, ending).await.unwrap() });
        Self {
            client: Client::new(&url, Some(token)).unwrap(),
            anybody: Client::new(&url, None).unwrap(),
            ledger,
            evidence,
            shutdown,
            url,
            rules,
            _folder: folder,
        }
    }

    pub(crate) async fn set(
        &self,
        group: &str,
        mode: Mode,
        change: ChangeRequest,
    ) -> Result<Changed, ClientError> {
        let request = SetMode {
            mode,
            change,
            break_glass: false,
        };
        let path = format!("/v1/groups/{group}/mode");
        self.client.post(&path, &request).await
    }

    async fn explain(&self, method: Method, target: &str) -> Explained {
        let request = ExplainRequest {
            method: method.to_string(),
            target: target.to_owned(),
            ..ExplainRequest::default()
        };
        self.client.post("/v1/explain", &request).await.unwrap()
    }

    /// A client that shows this token.
    pub(super) fn client_of(&self, token: &str) -> Client {
        Client::new(&self.url, Some(Secret::new(token))).unwrap()
    }

    /// One request as it stands, over plain text.
    pub(super) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<String> {
        use http_body_util::{BodyExt as _, Full};
        let authority = self.url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(authority).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let running = tokio::spawn(connection);
        let mut request = http::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", authority);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(bytes::Bytes::from(body.to_owned())))
            .unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        drop(sender);
        running.await.unwrap().unwrap();
        http::Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn stop(self) {
        assert!(self.shutdown.drain(Duration::from_secs(10)).await);
    }
}

pub(crate) fn change() -> ChangeRequest {
    ChangeRequest {
        who: Some("anna".to_owned()),
        why: "evidence of two weeks".to_owned(),
        reference: Some("CHG0042".to_owned()),
        expected: None,
        accept_loss: false,
    }
}

pub(super) fn code<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    answer.unwrap_err().code().unwrap_or("no code").to_owned()
}

#[tokio::test]
async fn a_group_is_listed_set_and_rolled_back() {
    let gateway = Running::start().await;
    let percent = Percent::try_from(10).unwrap();
    let set = gateway
        .set("lots", Mode::Canary { percent }, change())
        .await
        .unwrap();
    assert_eq!((set.version, set.mode), (2, Mode::Canary { percent }));

    let routes: Routes = gateway.client.get("/v1/routes").await.unwrap();
    assert_eq!((routes.revision, routes.gateway.as_str()), (7, "gw-1"));
    let group = routes
        .groups
        .iter()
        .find(|group| group.name == "lots")
        .unwrap();
    assert_eq!(group.by.as_deref(), Some("anna"));
    assert_eq!(group.change.as_deref(), Some("CHG0042"));
    assert_eq!(group.before.len(), 1);
    let route = routes
        .routes
        .iter()
        .find(|route| route.name == "lot")
        .unwrap();
    assert_eq!(route.legacy.as_deref(), Some("erp"));
    assert_eq!(route.mode, Mode::Canary { percent });

    let stale = ChangeRequest {
        expected: Some(1),
        ..change()
    };
    assert_eq!(
        code(gateway.set("lots", Mode::Modern, stale).await),
        "stale_version"
    );
    assert_eq!(
        code(gateway.set("lot", Mode::Modern, change()).await),
        "unknown_group"
    );
    assert_eq!(
        code(gateway.set("rest", Mode::Modern, change()).await),
        "no_side"
    );

    let back = Rollback {
        to: None,
        change: change(),
    };
    let back: Changed = gateway
        .client
        .post("/v1/groups/lots/rollback", &back)
        .await
        .unwrap();
    assert_eq!((back.version, back.mode), (3, Mode::Legacy));
    gateway.stop().await;
}

#[tokio::test]
async fn a_lost_write_is_said_and_accepted() {
    let gateway = Running::start().await;
    let refused = gateway.set("order", Mode::Modern, change()).await;
    assert_eq!(code(refused), "loss_not_accepted");
    let accepted = ChangeRequest {
        accept_loss: true,
        ..change()
    };
    gateway
        .set("order", Mode::Modern, accepted.clone())
        .await
        .unwrap();
    gateway.ledger.record(&"order".into());
    let refused = gateway
        .set("order", Mode::Legacy, change())
        .await
        .unwrap_err();
    insta::assert_snapshot!(refused, @"legacy lacks 1 write that modern accepted: accept the loss to go back");
    let back = gateway.set("order", Mode::Legacy, accepted).await.unwrap();
    assert_eq!(back.loss.unwrap().to_string(), "1 write");
    gateway.stop().await;
}

#[tokio::test]
async fn history_holds_the_bytes_its_hashes_are_made_of() {
    let gateway = Running::start().await;
    gateway.set("lots", Mode::Shadow, change()).await.unwrap();
    let mut hash = crate::control::hash::ChainHash::NOTHING;
    let (mut from, mut outcomes) = (0, Vec::new());
    loop {
        let page = format!("/v1/history?from={from}&limit=2");
        let page: HistoryPage = gateway.client.get(&page).await.unwrap();
        assert!(page.entries.len() <= 2);
        for entry in page.entries {
            hash = hash.next(entry.offset, entry.raw.unwrap().as_bytes());
            assert_eq!(hash.to_string(), entry.hash);
            outcomes.push(entry.outcome);
        }
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(outcomes.len(), 5, "a key, three seeds and a change");
    assert_eq!(
        outcomes.last(),
        Some(&OutcomeView::Accepted {
            version: 2,
            mode: Mode::Shadow
        })
    );
    gateway.stop().await;
}

#[tokio::test]
async fn explain_says_which_route_and_why_not_the_others() {
    let gateway = Running::start().await;
    gateway.set("lots", Mode::Modern, change()).await.unwrap();
    let explained = gateway.explain(Method::GET, "/lots/L1").await;
    let taken = explained.taken.unwrap();
    assert_eq!((taken.route.as_str(), taken.key.as_str()), ("lot", "found"));
    assert_eq!(taken.primary.unwrap().backend, "lots");
    assert_eq!(taken.fallback.unwrap().side, "legacy");
    let explained = gateway.explain(Method::POST, "/lots/L1").await;
    assert_eq!(explained.taken.unwrap().route, "rest");
    let lot = explained
        .considered
        .iter()
        .find(|one| one.route == "lot")
        .unwrap();
    assert_eq!(lot.why, "the method is not GET");
    gateway.stop().await;
}

#[tokio::test]
async fn endpoints_are_shown_and_noted_where_they_would_be_asked() {
    let gateway = Running::start().await;
    let shown: serde_json::Value = gateway.client.get("/v1/backends").await.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown["backends"][0]).unwrap(), @r#"
{
  "name": "erp",
  "kind": "http",
  "endpoints": {
    "balance": "round_robin",
    "breaker": "half_open",
    "refused": 4,
    "retried": 5,
    "over_budget": 6,
    "endpoints": [
      {
        "name": "erp-a:9080",
        "state": "down",
        "since": "1970-01-01T00:00:00Z",
        "why": "checks are not answered in time",
        "ejected_for_seconds": null,
        "in_flight": 2,
        "requests": 7,
        "failures": 3,
        "ejections": 1
      }
    ]
  }
}
"#);
    let explained = gateway.explain(Method::GET, "/lots/L1").await;
    insta::assert_snapshot!(explained.taken.unwrap().notes.join("\n"), @"
backend erp failed too often: its breaker is half open
endpoint erp-a:9080 of backend erp is down: checks are not answered in time
");
    gateway.stop().await;
}

#[tokio::test]
async fn without_the_token_only_probes_are_answered() {
    let gateway = Running::start().await;
    let health: HealthView = gateway.anybody.get("/v1/health").await.unwrap();
    assert_eq!(
        (health.status.as_str(), health.control.reach.as_str()),
        ("ok", "following")
    );
    for path in ["/v1/routes", "/v1/backends", "/v1/history", "/v1/evidence"] {
        let answer: Result<serde_json::Value, _> = gateway.anybody.get(path).await;
        assert_eq!(code(answer), "unauthorized");
    }
    let answer: Result<Changed, _> = gateway
        .anybody
        .post("/v1/groups/lots/mode", &serde_json::json!({}))
        .await;
    assert_eq!(code(answer), "unauthorized");
    let ready: Result<ReadyView, _> = gateway.anybody.get("/v1/ready").await;
    assert!(ready.unwrap_err().to_string().contains("503"));
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_a_code() {
    let gateway = Running::start().await;
    let strange = serde_json::json!({"mode": {"mode": "modern"}, "sure": true});
    let answer: Result<Changed, _> = gateway.client.post("/v1/groups/lots/mode", &strange).await;
    let error = answer.unwrap_err();
    assert_eq!(error.code(), Some("bad_request"));
    assert!(
        error.to_string().contains("unknown field `sure`"),
        "{error}"
    );
    let answer: Result<Routes, _> = gateway.client.get("/v1/nothing").await;
    assert_eq!(code(answer), "not_found");
    let answer: Result<HistoryPage, _> = gateway.client.get("/v1/history?from=x").await;
    assert_eq!(code(answer), "bad_request");
    let large = "x".repeat(MAX_BODY + 1);
    let answer: Result<Changed, _> = gateway.client.post("/v1/explain", &large).await;
    assert_eq!(code(answer), "body_too_large");
    gateway.stop().await;
}

#[tokio::test]
async fn the_api_is_for_this_machine_only() {
    let shutdown = Shutdown::new();
    let folder = tempfile::tempdir().unwrap();
    let resolved = Resolved::of(
        &Source::new("routes.toml".to_owned(), FILE.to_owned()),
        Path::new("routes.toml"),
    )
    .unwrap();
    let settings = Settings::new(Store::File, folder.path(), "gw-1");
    let groups = Groups::of(&resolved);
    let control = Control::start(settings, groups, Arc::default(), &shutdown)
        .await
        .unwrap();
    let people = People::shared(&Secret::new(TOKEN)).unwrap();
    let admin = Admin::new(control, Arc::default(), Fixed { resolved }, people);
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = admin.serve(listener, shutdown.clone()).await.unwrap_err();
    assert!(matches!(error, AdminError::NotLoopback { .. }));
    assert!(shutdown.drain(Duration::from_secs(10)).await);
}

#[test]
fn a_mode_in_another_form_is_told_the_form() {
    for mode in [
        r#""shadow""#,
        r#"{"mode":"shadowy"}"#,
        r#"{"mode":"canary"}"#,
        "1",
    ] {
        let body = format!(r#"{{"mode":{mode},"change":{{"who":"anna","why":"so"}}}}"#);
        let error = serde_json::from_str::<SetMode>(&body).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(r#"wanted `mode` as {"mode":"legacy"}"#),
            "{mode}: {error}"
        );
    }
}

#[test]
fn an_answer_of_a_data_port_is_told_as_no_admin_api() {
    let client = Client::new("http://127.0.0.1:8080", None).unwrap();
    let answer = serde_json::json!({"lot": "L-1"});
    let error = client.understood::<Routes>(answer).unwrap_err();
    assert!(matches!(error, ClientError::Strange { .. }), "{error}");
}
