//! The local copy: what was saved is loaded, and what is damaged is never taken for it.

use super::super::command::tests::WRITTEN;
use super::*;

fn copied() -> Copy {
    let mut fold = Fold::default();
    for (offset, line) in (0..).zip(WRITTEN.lines()) {
        fold.fold(offset, line.as_bytes()).unwrap();
    }
    Copy {
        fold,
        current_at: UNIX_EPOCH + Duration::from_secs(1_795_312_000),
    }
}

#[test]
fn what_was_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(folder.path()).unwrap(), None);
    save(
        folder.path(),
        &Copy {
            fold: Fold::default(),
            ..copied()
        },
    )
    .unwrap();
    save(folder.path(), &copied()).unwrap();
    assert_eq!(load(folder.path()).unwrap(), Some(copied()));
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), &copied()).unwrap();
    let whole = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("\"fold_version\":2", "\"fold_version\":3"),
        ("\"mode\":\"legacy\"", "\"mode\":\"modern\""),
        ("\"version\":3", "\"version\":4"),
    ] {
        let damaged = whole.replacen(from, to, 1);
        assert_ne!(damaged, whole);
        std::fs::write(folder.path().join(NAME), damaged).unwrap();
        let error = load(folder.path()).unwrap_err();
        assert!(matches!(error, CopyError::Damaged { .. }), "{error}");
    }
    std::fs::write(
        folder.path().join(NAME),
        &whole.as_bytes()[..whole.len() / 2],
    )
    .unwrap();
    assert!(load(folder.path()).is_err());
}
