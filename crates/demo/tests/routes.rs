//! The root's `routes.toml`, as `figway demo` and `figway serve` start with it.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::path::Path;

use gateway::config::Resolved;

#[test]
fn it_resolves_as_it_stands() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../routes.toml");
    let resolved = match Resolved::read(&path) {
        Ok(resolved) => resolved,
        Err(faults) => panic!("{faults}"),
    };
    assert_eq!(resolved.backends.len(), 4);
}
