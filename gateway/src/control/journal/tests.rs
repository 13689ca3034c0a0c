//! The journal: an override is there after a restart until the log has it.

use super::*;

fn made(by: &str) -> Override {
    Override {
        id: CommandId::try_from("0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f6".to_owned()).unwrap(),
        mode: Mode::Legacy,
        expected: 3,
        at: "2026-11-22T01:50:00Z".to_owned(),
        by: by.to_owned(),
        why: "modern is down".to_owned(),
        change: None,
    }
}

#[test]
fn an_override_waits_until_it_is_merged() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::open(folder.path()).unwrap();
    open().add("lots", &made("anna")).unwrap();
    let mut journal = open();
    assert_eq!(journal.pending()["lots"], made("anna"));
    journal.merged(&made("anna").id, 7, "accepted").unwrap();
    assert!(journal.pending().is_empty());
    drop(journal);
    assert!(open().pending().is_empty());
}

#[test]
fn the_form_of_its_lines_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.add("lots", &made("anna")).unwrap();
    journal
        .merged(&made("anna").id, 7, "stale_version")
        .unwrap();
    let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
    insta::assert_snapshot!(text.trim_end(), @r#"
    {"v":1,"note":{"kind":"made","id":"0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f6","group":"lots","mode":{"mode":"legacy"},"expected":3,"at":"2026-11-22T01:50:00Z","by":"anna","why":"modern is down","change":null}}
    {"v":1,"note":{"kind":"merged","id":"0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f6","offset":7,"outcome":"stale_version"}}
    "#);
}

#[test]
fn a_line_cut_short_is_dropped_and_other_damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.add("lots", &made("anna")).unwrap();
    journal.add("orders", &made("bea")).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.pending().len(), 1);
    journal.add("orders", &made("cleo")).unwrap();
    drop(journal);
    assert_eq!(Journal::open(folder.path()).unwrap().pending().len(), 2);
    std::fs::write(&path, b"{}\n").unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn two_gateways_do_not_share_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Journal::open(folder.path()).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    one.add("lots", &made("anna")).unwrap();
    drop(one);
    let two = Journal::open(folder.path()).unwrap();
    assert_eq!(two.pending()["lots"], made("anna"));
}

#[test]
fn a_line_of_a_later_version_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    Journal::open(folder.path())
        .unwrap()
        .add("lots", &made("anna"))
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"v\":1", "\"v\":2", 1)).unwrap();
    let error = Journal::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("line 1: it has version 2, this Figway reads version 1"),
        "{error}"
    );
}
