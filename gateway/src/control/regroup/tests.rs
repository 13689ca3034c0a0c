//! What the file alone may not do: every way to another mode past the control log.

use std::path::Path;

use ops::config::Source;

use super::*;
use crate::config::Resolved;
use crate::control::rules::tests::state_in as logged;

const NOTHING: Loss = Loss {
    writes: 0,
    count: Count::Exact,
};
const THREE: Loss = Loss {
    writes: 3,
    count: Count::Exact,
};

/// A table of one route over both sides.
fn table(route: &str, method: &str, group: &str, mode: &str) -> Arc<Table> {
    let text = format!(
        "version = 1\n[backends.old]\nhttp = \"http://old\"\n[backends.new]\nhttp = \"http://new\"\n\
         [groups.{group}]\nmode = \"{mode}\"\nback_sync = \"none\"\n\
         [[routes]]\nname = \"{route}\"\nmatch = {{ method = \"{method}\", path = \"/lots\" }}\n\
         group = \"{group}\"\nlegacy = \"old\"\nmodern = \"new\"\n"
    );
    let source = Source::new("routes.toml", text);
    Resolved::of(&source, Path::new("routes.toml"))
        .unwrap()
        .table
}

fn said(old: &Table, new: &Table, state: &State, lacking: Loss) -> String {
    let found = check(old, new, state, |_| lacking);
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn writes_on_their_way_back_are_not_stranded() {
    let old = table("lot", "POST", "lots", "legacy");
    let without = Arc::clone(old.group_named("lots").unwrap());
    let durable = Group {
        back_sync: Some(BackSync::Durable),
        ..(*without).clone()
    };
    assert_eq!(strands(&without, None, &|_| THREE), None);
    assert_eq!(strands(&durable, Some(&without), &|_| NOTHING), None);
    let found = strands(&durable, Some(&without), &|_| THREE);
    insta::assert_snapshot!(
        found.unwrap(),
        @r#"the writes of group "lots" would not go back to legacy any more, and legacy lacks 3 writes: wait until it has them, or skip what is parked"#
    );
}

#[test]
fn a_group_of_another_name_does_not_send_writes_back_to_legacy() {
    let old = table("lot", "POST", "lots", "legacy");
    let state = logged(old.group_named("lots").unwrap(), Mode::Modern);
    insta::assert_snapshot!(
        said(&old, &table("lot", "POST", "batches", "legacy"), &state, THREE),
        @r#"route "lot" moves from group "lots" in mode modern to group "batches" in mode legacy: the file alone changes no mode; bring both to one mode first (`figway routes set`), or let the file begin a new group in the mode in force"#
    );
}

#[test]
fn a_route_of_another_name_is_known_by_what_it_matches() {
    let old = table("lot", "POST", "lots", "legacy");
    let state = logged(old.group_named("lots").unwrap(), Mode::Modern);
    let new = table("batch", "POST", "batches", "legacy");
    let found = check(&old, &new, &state, |_| NOTHING);
    assert!(
        matches!(
            found.as_slice(),
            [NotTaken::Moves {
                before: Mode::Modern,
                after: Mode::Legacy,
                ..
            }]
        ),
        "{found:?}"
    );
}

#[test]
fn a_group_of_another_name_does_not_send_writes_to_modern() {
    let old = table("lot", "POST", "lots", "legacy");
    let state = logged(old.group_named("lots").unwrap(), Mode::Legacy);
    insta::assert_snapshot!(
        said(&old, &table("lot", "POST", "batches", "modern"), &state, NOTHING),
        @r#"
    group "batches" is new, changes data and would begin in mode modern: let the file begin it in legacy, then flip it (`figway routes set`)
    route "lot" moves from group "lots" in mode legacy to group "batches" in mode modern: the file alone changes no mode; bring both to one mode first (`figway routes set`), or let the file begin a new group in the mode in force
    "#
    );
}

#[test]
fn a_move_between_groups_in_modern_does_not_forget_the_writes_legacy_lacks() {
    let old = table("lot", "POST", "lots", "modern");
    let new = table("lot", "POST", "batches", "modern");
    // The new group is known to the log, the old one runs in the mode of its file.
    let state = logged(new.group_named("batches").unwrap(), Mode::Modern);
    insta::assert_snapshot!(
        said(&old, &new, &state, THREE),
        @r#"route "lot" moves from group "lots" to group "batches", and legacy lacks 3 writes of "lots": the count would be forgotten; set group "lots" to legacy first and accept their loss"#
    );
    let unsure = Loss {
        writes: 0,
        count: Count::AtLeast,
    };
    assert_ne!(
        said(&old, &new, &state, unsure),
        "",
        "what is not known may be some"
    );
    assert_eq!(said(&old, &new, &state, NOTHING), "");
}

#[test]
fn a_new_mode_of_a_group_the_log_does_not_know_waits_for_the_log() {
    let old = table("lot", "POST", "lots", "legacy");
    let new = table("lot", "POST", "lots", "modern");
    insta::assert_snapshot!(
        said(&old, &new, &State::default(), NOTHING),
        @r#"group "lots" changes data and goes from mode legacy to modern in the file, and the control log does not know the group yet: take that back until the log is in reach"#
    );
    let state = logged(old.group_named("lots").unwrap(), Mode::Legacy);
    assert_eq!(
        said(&old, &new, &state, NOTHING),
        "",
        "the seed's rules decide"
    );
}

#[test]
fn what_changes_no_mode_is_taken() {
    let reads = table("lot", "GET", "lots", "modern");
    let state = logged(reads.group_named("lots").unwrap(), Mode::Modern);
    let moved = table("lot", "GET", "batches", "modern");
    assert_eq!(
        said(&reads, &moved, &state, THREE),
        "",
        "reads lose nothing"
    );
    let writes = table("lot", "POST", "lots", "legacy");
    let state = logged(writes.group_named("lots").unwrap(), Mode::Legacy);
    let moved = table("lot", "POST", "batches", "legacy");
    assert_eq!(said(&writes, &moved, &state, NOTHING), "");
    assert_eq!(said(&writes, &writes, &state, NOTHING), "");
}
