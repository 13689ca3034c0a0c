//! The web UI in a browser, over a gateway in process with two sides that differ in one field: each page does the task it is for.

mod driver;

use std::sync::Arc;

use tests::gateway::client::ask;
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

use self::driver::Browser;

const REQUEST: &str = "       01  LOT-REQUEST.
           05  LOT-NUMBER   PIC X(8).
";
const RESPONSE: &str = "       01  LOT-RESPONSE.
           05  RETURN-CODE  PIC 9(2).
               88  LOT-FOUND   VALUE 0.
               88  LOT-RECALLED VALUE 4.
           05  MESSAGE-TEXT PIC X(12).
           05  LOT-VALUE    PIC S9(7)V99 COMP-3.
";

const OPERATOR: &str = "the token of otto";
const VIEWER: &str = "the token of vera";
const APPROVER: &str = "the token of aino";

fn routes(legacy: &str, modern: &str) -> String {
    format!(
        r#"
[[admin.people]]
name = "otto"
display = "Otto Operator"
token = "file:otto"
roles = ["operator"]
[[admin.people]]
name = "vera"
display = "Vera Viewer"
token = "file:vera"
roles = ["viewer"]
[[admin.people]]
name = "aino"
display = "Aino Approver"
token = "file:aino"
roles = ["approver"]
[copybooks.REQUEST]
file = "REQUEST.cpy"
[copybooks.RESPONSE]
file = "RESPONSE.cpy"
[backends.cics]
http = "{legacy}"
[backends.lots]
http = "{modern}"
[groups.lot-status]
mode = "shadow"
[groups.lot-release]
mode = "shadow"
approvals = 1
[[routes]]
name = "lot-inquiry"
match = {{ path = "/cics/LOTI" }}
effect = "read"
group = "lot-status"
request = {{ record = "REQUEST" }}
response = {{ record = "RESPONSE" }}
legacy = "cics"
modern = {{ backend = "lots", path = "/lots", request = "json", response = "json" }}
canary_key = {{ field = "LOT-NUMBER" }}
timeout = "5s"
[routes.compare]
variants = {{ conditions = ["LOT-FOUND", "LOT-RECALLED"] }}
[[routes]]
name = "lot-release"
match = {{ path = "/release" }}
effect = "read"
group = "lot-release"
legacy = "cics"
modern = "lots"
[[routes]]
name = "materials"
match = {{ path = "/materials/{{*rest}}" }}
effect = "read"
legacy = "cics"
"#
    )
}

/// A record of a copybook above, from JSON.
fn record(copybook: &str, json: &str) -> Vec<u8> {
    let copybook = parsers::Copybook::parse(parsers::CopybookText {
        file: "test.cpy",
        text: copybook,
    })
    .unwrap();
    let options = parsers::LayoutOptions::default();
    let layout = parsers::Layout::compile(&copybook, None, &options).unwrap();
    layout.read_json(json.as_bytes()).unwrap()
}

fn answer(cents: u8) -> String {
    format!(r#"{{"RETURN-CODE":0,"MESSAGE-TEXT":"FOUND","LOT-VALUE":1234.{cents}}}"#)
}

/// A gateway that has compared twenty answers, of which one differs by a cent.
async fn compared() -> (Rig, Stand, Stand) {
    let legacy = Stand::start(|_| async { Answer::bytes(record(RESPONSE, &answer(57))) }).await;
    let modern = Stand::start(|asked| async move {
        let odd = asked.body == r#"{"LOT-NUMBER":"B2201-07"}"#.as_bytes();
        Answer::json(answer(if odd { 56 } else { 57 }))
    })
    .await;
    let files = [
        ("REQUEST.cpy", REQUEST),
        ("RESPONSE.cpy", RESPONSE),
        ("otto", OPERATOR),
        ("vera", VIEWER),
        ("aino", APPROVER),
    ];
    let text = routes(&legacy.url(), &modern.url());
    let rig = Rig::with(&text, &files).await.unwrap();
    for lot in 1..=20 {
        let request = record(REQUEST, &format!(r#"{{"LOT-NUMBER":"B2201-{lot:02}"}}"#));
        let got = ask(rig.address(), "POST", "/cics/LOTI", &[], request)
            .await
            .unwrap();
        assert_eq!(got.status, 200);
    }
    let evidence = Arc::clone(rig.gateway().app().evidence());
    let mut findings = evidence.findings();
    let all = findings.wait_for(|found| *found >= 20);
    tokio::time::timeout(tests::gateway::rig::PATIENCE, all)
        .await
        .expect("all were compared in time")
        .unwrap();
    (rig, legacy, modern)
}

/// From the overview to what differs, to a flip, to what the log says of it, and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engineer_reads_a_difference_flips_a_group_and_takes_it_back() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), OPERATOR).await;

    // Where are we?
    browser.go("/").await;
    assert_eq!(browser.path().await, "/ui/");
    browser.until("main", "1 field differs").await;
    let overview = browser.read("main").await;
    assert!(
        overview.contains("95.00 %") && overview.contains("1 / 2"),
        "{overview}"
    );
    browser.look("overview").await;

    // What is different?
    browser.press("1 field differs").await;
    browser
        .until("main", "1 of 20 pairs differ, in 1 field")
        .await;
    browser.press("lot-inquiry").await;
    let difference = browser.read(".difference").await;
    for wanted in [
        "LOT-VALUE",
        "offset 14, 5 bytes, S9(7)V99 COMP-3",
        "1234.57",
        "1234.56",
        "LOT-FOUND",
    ] {
        assert!(
            difference.contains(wanted),
            "{wanted} is not in {difference}"
        );
    }
    assert_eq!(
        browser
            .text("return document.querySelector('.sides mark').textContent")
            .await,
        "7C"
    );
    browser.look("route").await;

    // May I flip this? The page of the change says what, and wants to know why.
    browser.go("/ui/groups/lot-status").await;
    browser.look("group").await;
    browser.click("input[value=canary]").await;
    browser.write("input[name=percent]", "25").await;
    browser.press("Look at the change").await;
    browser
        .until("h1", "lot-status: shadow to canary 25 %")
        .await;
    browser.look("change").await;
    browser.press("Send 25 % to new").await;
    assert!(
        browser.path().await.contains("/flip?"),
        "without a reason nothing is sent"
    );
    browser
        .write("textarea[name=why]", "one cent, seen and accepted by QA")
        .await;
    browser.write("input[name=change]", "CHG0042").await;
    browser.press("Send 25 % to new").await;
    browser
        .until("main", "lot-status is in mode canary 25 %")
        .await;
    browser.look("flipped").await;

    // Who did what?
    browser.press("Timeline").await;
    browser.write("input[name=who]", "OTTO").await;
    browser.press("Filter").await;
    let timeline = browser.read("tbody").await;
    for wanted in [
        "otto",
        "set to canary 25 %",
        "one cent, seen and accepted by QA",
        "CHG0042",
        "version 2, canary 25 %",
    ] {
        assert!(timeline.contains(wanted), "{wanted} is not in {timeline}");
    }
    browser.go("/ui/timeline").await;
    browser.look("timeline").await;

    // Two clicks back.
    browser.go("/ui/groups/lot-status").await;
    browser.press("Roll back to it").await;
    browser.look("rollback").await;
    browser
        .write("textarea[name=why]", "the cent is not accepted after all")
        .await;
    browser.press("Roll back to version 1 (shadow)").await;
    browser.until("main", "lot-status is in mode shadow").await;

    for (page, name) in [
        ("/ui/flow", "flow"),
        ("/ui/gateways", "gateways"),
        ("/ui/report", "report"),
        ("/ui/groups/nothing", "missing"),
    ] {
        browser.go(page).await;
        browser.look(name).await;
    }
    browser.close().await;
    rig.stop().await.unwrap();
}

/// A page that somebody else has overtaken says so by itself, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overtaken_page_says_so_and_is_refused() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), OPERATOR).await;
    browser.go("/ui/groups/lot-status/flip?to=modern").await;
    browser
        .write("textarea[name=why]", "looked at yesterday")
        .await;
    let legacy = gateway::mode::Mode::Legacy;
    rig.set("lot-status", legacy).await.unwrap();
    browser
        .until("#overtaken", "This page has been overtaken")
        .await;
    let why = browser
        .text("return document.querySelector('textarea').value")
        .await;
    assert_eq!(
        why, "looked at yesterday",
        "nothing that was written is gone"
    );
    browser.press("Send everything to new").await;
    browser.until("#refused", "Nothing has changed").await;
    browser.look("refused").await;
    let state = rig.gateway().control().state();
    assert_eq!(state.group("lot-status").unwrap().mode, legacy);
    browser.close().await;
    rig.stop().await.unwrap();
}

/// Who may only look sees what others may do, and which role it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_what_they_may_not_do() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), VIEWER).await;
    browser.go("/ui/groups/lot-status/flip?to=modern").await;
    let page = browser.read("main").await;
    assert!(
        page.contains("Not yours to do.") && page.contains("operator or admin"),
        "{page}"
    );
    assert_eq!(
        browser
            .number("return document.querySelectorAll('form.act').length")
            .await,
        0
    );
    browser.look("forbidden").await;
    browser.close().await;
    rig.stop().await.unwrap();
}

/// Figures come anew without taking the focus away; the theme stays what was chosen; without the keyboard's help nothing is needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_come_anew_and_focus_stays() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), OPERATOR).await;
    browser.go("/ui/").await;
    browser.find("#group-1").await;
    browser
        .number("document.querySelector('#group-1').focus(); return 0")
        .await;
    let request = record(REQUEST, r#"{"LOT-NUMBER":"B2201-99"}"#);
    ask(rig.address(), "POST", "/cics/LOTI", &[], request)
        .await
        .unwrap();
    browser.until("main", "0 of new, 21 of legacy").await;
    assert_eq!(
        browser.text("return document.activeElement.id").await,
        "group-1"
    );
    browser.click("#theme").await;
    assert_eq!(browser.read("#theme").await, "Theme: light");
    browser.click("#theme").await;
    browser.go("/ui/timeline").await;
    assert_eq!(
        browser
            .text("return document.documentElement.dataset.theme")
            .await,
        "dark"
    );
    browser.close().await;
    rig.stop().await.unwrap();
}

/// What one proposes another signs, who proved who they are; who has not the role sees that, and the log has both names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_person_signs_what_the_first_one_proposes() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), OPERATOR).await;
    browser.go("/ui/groups/lot-release/flip?to=modern").await;
    browser
        .until("form.act", "approval of 1 other person")
        .await;
    browser.look("propose").await;
    browser
        .write("textarea[name=why]", "two weeks without a difference")
        .await;
    browser.press("Propose: Send everything to new").await;
    browser.until(".waiting", "Signatures: 0 of 1").await;
    let own = browser.read(".waiting").await;
    assert!(own.contains("Not yours to sign."), "{own}");
    browser.look("waiting").await;

    browser.come_as(APPROVER).await;
    browser.go("/ui/").await;
    browser
        .press("lot-release to modern: proposed by otto, waits for 1 signature")
        .await;
    browser
        .write(".waiting textarea[name=why]", "evidence of two weeks seen")
        .await;
    browser.look("sign").await;
    browser.press("Sign: modern").await;
    browser.until("main", "Version 2").await;
    assert_eq!(
        browser
            .number("return document.querySelectorAll('.waiting').length")
            .await,
        0
    );
    let state = rig.gateway().control().state();
    assert_eq!(
        state.group("lot-release").unwrap().mode,
        gateway::mode::Mode::Modern
    );
    browser.go("/ui/timeline?group=lot-release").await;
    let timeline = browser.read("tbody").await;
    for wanted in [
        "propose modern",
        "sign as Aino Approver: approval",
        "otto",
        "aino",
    ] {
        assert!(timeline.contains(wanted), "{wanted} is not in {timeline}");
    }
    browser.look("signed").await;
    browser.close().await;
    rig.stop().await.unwrap();
}

/// Who is not known is led to signing in and back to where they were; a form of a session flips a group; signing out ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_acts_and_signs_out() {
    let (mut rig, _legacy, _modern) = compared().await;
    let browser = Browser::open(&rig.admin_url(), OPERATOR).await;
    browser.come_as_nobody().await;
    browser.go("/ui/groups/lot-status").await;
    assert!(browser.path().await.starts_with("/ui/login?next="));
    browser.write("input[name=token]", "not a token").await;
    browser.press("Sign in").await;
    browser.until(".banner", "Nobody has this token.").await;
    browser.look("login").await;
    browser.write("input[name=token]", OPERATOR).await;
    browser.press("Sign in").await;
    browser.until("h1", "lot-status").await;
    browser.until(".who", "Otto Operator").await;
    browser.go("/ui/groups/lot-status/flip?to=legacy").await;
    browser.write("textarea[name=why]", "not today").await;
    browser.press("Send everything to legacy").await;
    browser.until("main", "lot-status is in mode legacy").await;
    browser.press("Sign out").await;
    browser.until("h1", "Sign in").await;
    browser.go("/ui/").await;
    assert!(browser.path().await.starts_with("/ui/login"));
    browser.close().await;
    rig.stop().await.unwrap();
}
