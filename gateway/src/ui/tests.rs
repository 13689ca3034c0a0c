//! The pages over a gateway in process: what they show, what they refuse, and what must never stand in them.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::admin::tests::{Running, TOKEN, change};
use crate::compare::{Difference, DifferenceKind, Differences, Shown, Verdict};
use crate::evidence::{AskedAgain, Finding, Found, Sides};
use crate::identity::{People, Person, Role};
use crate::mode::Mode;

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

async fn asked(gateway: &Running, token: &str, method: &str, path: &str, form: &str) -> Answer {
    let address = gateway.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: text/html\r\norigin: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
        gateway.url,
        form.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn page(gateway: &Running, path: &str) -> Answer {
    asked(gateway, TOKEN, "GET", path, "").await
}

fn shown(value: &str, hex: &str) -> Shown {
    Shown {
        value: Some(value.to_owned()),
        hex: Some(hex.to_owned()),
    }
}

fn difference(field: &str, legacy: Shown, modern: Shown, masked: bool) -> Difference {
    Difference {
        field: field.to_owned(),
        path: field.to_owned(),
        kind: DifferenceKind::Value,
        offset: Some(112),
        length: Some(5),
        legacy,
        modern,
        masked,
    }
}

/// Some answers were equal, and in one two fields differed, one of them personal data.
fn evidence(gateway: &Running) {
    let found = |finding| Found {
        request: Uuid::from_u128(7),
        rules: &gateway.rules,
        variant: "all",
        finding,
        left_out: Vec::new(),
        asked_again: AskedAgain::No,
        sides: Sides::default(),
    };
    let (route, now) = (Arc::<str>::from("lot"), SystemTime::now());
    for _ in 0..3 {
        let equal = Finding::Compared(Verdict::Equal);
        gateway.evidence.found(&route, found(equal), now);
    }
    let differences = Differences {
        fields: vec![
            difference(
                "QTY-<b>RELEASED</b>",
                shown("12499.99", "001249999C"),
                shown("12500.00", "001250000C"),
                false,
            ),
            // What evidence masks has no values; were there any, they would not be shown.
            difference(
                "PATIENT-NAME",
                shown("MARKER-ADA", "C1C4C1"),
                shown("MARKER-EVE", "C5E5C5"),
                true,
            ),
        ],
        more: 0,
    };
    let different = Finding::Compared(Verdict::Different(differences));
    gateway.evidence.found(&route, found(different), now);
}

const PAGES: [&str; 11] = [
    "/ui/",
    "/ui/groups/lots",
    "/ui/groups/rest",
    "/ui/groups/lots/flip?to=canary&percent=25",
    "/ui/groups/lots/flip?to=shadow",
    "/ui/groups/lots/rollback?to=1",
    "/ui/routes/lot",
    "/ui/timeline",
    "/ui/flow",
    "/ui/gateways",
    "/ui/report",
];

#[tokio::test]
async fn each_page_is_drawn_without_script_or_style_inside_and_its_links_lead_somewhere() {
    let gateway = Running::start().await;
    gateway.set("lots", Mode::Shadow, change()).await.unwrap();
    evidence(&gateway);
    let mut links = std::collections::BTreeSet::new();
    for path in PAGES {
        let page = page(&gateway, path).await;
        let body = page.body.as_str();
        assert_eq!(page.status, 200, "{path}: {body}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.header("cache-control"), Some("no-store"));
        for inline in [
            "<style",
            " style=",
            "javascript:",
            " onclick",
            " onload",
            "<script>",
        ] {
            assert!(!body.contains(inline), "{inline} in {path}");
        }
        // What masked evidence has is nowhere.
        assert!(!body.contains("MARKER-"), "{path}");
        assert!(body.contains("<main id=\"main\"") && body.contains("lang=\"en\""));
        assert_eq!(body.matches("<h1").count(), 1, "{path}");
        for rest in body.split("href=\"").skip(1) {
            let link = rest.split('"').next().unwrap().split('#').next().unwrap();
            if !link.is_empty() {
                links.insert(link.replace("&amp;", "&").replace("&#38;", "&"));
            }
        }
        for rest in body.split("src=\"").skip(1) {
            links.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    let mut first = page(&gateway, "/ui/").await.body.len();
    for link in &links {
        assert!(link.starts_with("/ui"), "{link} leads elsewhere");
        let found = page(&gateway, link).await;
        assert_eq!(found.status, 200, "{link}");
        if link.starts_with("/ui/assets/") {
            assert!(found.header("cache-control").unwrap().contains("immutable"));
            first += found.body.len();
        }
    }
    assert!(links.len() > 8, "{links:?}");
    assert!(first < 100_000, "the first page loads {first} bytes");
    gateway.stop().await;
}

#[tokio::test]
async fn differences_stand_side_by_side_and_names_are_only_text() {
    let gateway = Running::start().await;
    evidence(&gateway);
    let page = page(&gateway, "/ui/routes/lot").await.body;
    for wanted in [
        "QTY-&#60;b&#62;RELEASED",
        "12499.99",
        "12500.00",
        "offset 112, 5 bytes",
        "<mark>49</mark><mark>99</mark>",
        "exactly the same value",
        "masked: personal data",
        "75.00 %",
    ] {
        assert!(page.contains(wanted), "{wanted} is not in {page}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_group_is_flipped_by_a_form_and_taken_back() {
    let gateway = Running::start().await;
    let form = "to=canary&percent=25&expected=1&who=anna&why=two+weeks+%3Cwithout%3E+a+difference&change=CHG0042";
    let done = asked(&gateway, TOKEN, "POST", "/ui/groups/lots/flip", form).await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some("/ui/groups/lots?done=2")),
        "{}",
        done.body
    );
    let group = page(&gateway, "/ui/groups/lots?done=2").await.body;
    for wanted in [
        "canary 25 %",
        "by anna",
        "two weeks &#60;without&#62; a difference",
        "CHG0042",
        "<strong>Done.</strong>",
    ] {
        assert!(group.contains(wanted), "{wanted} is not in {group}");
    }
    let timeline = page(&gateway, "/ui/timeline?group=lots&who=ANN").await.body;
    assert!(timeline.contains("set to canary 25 %") && timeline.contains("version 2, canary 25 %"));
    assert!(
        !timeline.contains("routes.toml, revision"),
        "somebody else's entries"
    );

    let back = "to=1&expected=2&who=anna&why=a+field+differs";
    let done = asked(&gateway, TOKEN, "POST", "/ui/groups/lots/rollback", back).await;
    assert_eq!(
        done.header("location"),
        Some("/ui/groups/lots?done=3"),
        "{}",
        done.body
    );
    gateway.stop().await;
}

#[tokio::test]
async fn an_overtaken_page_changes_nothing_and_says_so() {
    let gateway = Running::start().await;
    gateway.set("lots", Mode::Shadow, change()).await.unwrap();
    let form = "to=modern&expected=1&who=anna&why=so";
    let refused = asked(&gateway, TOKEN, "POST", "/ui/groups/lots/flip", form).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .body
            .contains("the group is at version 2, the proposal was made for version 1"),
        "{}",
        refused.body
    );
    assert!(refused.body.contains("This page has been overtaken"));
    assert!(
        refused.body.contains("value=\"anna\""),
        "what was written stays"
    );
    let waits = page(&gateway, "/ui/groups/lots/overtaken?version=2").await;
    assert_eq!(waits.status, 204);
    let told = page(&gateway, "/ui/groups/lots/overtaken?version=1").await;
    assert!(
        told.body.contains("The group is at version 2"),
        "{}",
        told.body
    );
    for broken in [
        "to=modern&expected=x&who=a&why=b",
        "to=canary&percent=101&expected=2&who=a&why=b",
        "expected=2",
        "",
    ] {
        let answer = asked(&gateway, TOKEN, "POST", "/ui/groups/lots/flip", broken).await;
        assert_eq!(answer.status, 400, "{broken}: {}", answer.body);
    }
    let group = page(&gateway, "/ui/groups/lots").await.body;
    assert!(group.contains("Version 2"), "{group}");
    gateway.stop().await;
}

#[tokio::test]
async fn what_a_person_may_not_do_is_said_and_refused() {
    let person = |name: &str, role| Person {
        name: name.to_owned(),
        display: format!("{name} of the tests"),
        token: Some(ops::Setting::Plain(format!("the token of {name}"))),
        certificates: Vec::new(),
        roles: [role].into_iter().collect(),
    };
    let people = [person("vera", Role::Viewer), person("otto", Role::Operator)];
    let gateway = Running::with(People::open(None, &people).unwrap()).await;
    let form = "to=shadow&expected=1&why=so";
    let path = "/ui/groups/lots/flip";
    let shown = asked(
        &gateway,
        "the token of vera",
        "GET",
        "/ui/groups/lots/flip?to=shadow",
        "",
    )
    .await;
    assert!(
        shown.body.contains("Not yours to do") && shown.body.contains("you have viewer"),
        "{}",
        shown.body
    );
    assert!(!shown.body.contains("type=\"submit\">Let legacy"));
    let refused = asked(&gateway, "the token of vera", "POST", path, form).await;
    assert_eq!(refused.status, 403);
    let shown = asked(
        &gateway,
        "the token of otto",
        "GET",
        "/ui/groups/lots/flip?to=shadow",
        "",
    )
    .await;
    assert!(
        shown.body.contains("As <b>otto of the tests</b>") && !shown.body.contains("name=\"who\"")
    );
    let done = asked(&gateway, "the token of otto", "POST", path, form).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let timeline = asked(
        &gateway,
        "the token of vera",
        "GET",
        "/ui/timeline?who=otto",
        "",
    )
    .await;
    assert!(timeline.body.contains("set to shadow"));
    let nobody = asked(&gateway, "another token", "GET", "/ui/", "").await;
    assert!(
        nobody.status == 401 || nobody.status == 303,
        "{}",
        nobody.status
    );
    assert!(!nobody.body.contains("lots"));
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_a_page_too() {
    let gateway = Running::start().await;
    for path in [
        "/ui/groups/%3Cscript%3E",
        "/ui/routes/nothing",
        "/ui/groups/lots/rollback?to=99",
    ] {
        let missing = page(&gateway, path).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(
            missing.body.contains("Not here") && !missing.body.contains("<script>"),
            "{}",
            missing.body
        );
    }
    assert_eq!(page(&gateway, "/").await.header("location"), Some("/ui/"));
    gateway.stop().await;
}
