//! What must hold for any text of a `routes.toml`, and for any request that comes to the routes in it. Used by the fuzz target
//! and, over its corpus, by the ordinary tests.

use std::path::Path;

use gateway::config::Resolved;
use gateway::route::{Asked, Choice, explain, select};
use http::Request;
use ops::config::Source;

/// A text, then a line `---`, then one request a line: `GET /path name:value …`.
pub(crate) fn routes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (text, requests) = text.split_once("\n---\n").unwrap_or((text, "GET /\n"));
    // What it names beside itself is not there.
    let path = Path::new("/nowhere/at/all/routes.toml");
    let resolved = match Resolved::of(&Source::new("routes.toml", text), path) {
        Ok(resolved) => resolved,
        Err(faults) => {
            assert!(!faults.to_string().is_empty(), "a refusal says why");
            return;
        }
    };
    let entries = resolved.table.entries();
    let mut known: Vec<String> = entries.iter().map(|one| one.rule.identity()).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), entries.len(), "no two routes match the same");
    for pair in entries.windows(2) {
        assert!(pair[0].rule.precedence(&pair[1].rule).is_le(), "in order");
    }
    for line in requests.lines().take(16) {
        request(&resolved, line);
    }
}

/// What looks things up and what reads one rule after the other take the same route.
fn request(resolved: &Resolved, line: &str) {
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in words.filter_map(|word| word.split_once(':')) {
        request = request.header(name, value);
    }
    let Ok(request) = request.body(()) else {
        return;
    };
    let (parts, ()) = request.into_parts();
    let asked = Asked::new(&parts, None, jiff::Timestamp::UNIX_EPOCH);
    let explained = explain(&resolved.table, &asked);
    for one in &explained.considered {
        assert!(!one.reason(&asked).is_empty(), "every route says why");
    }
    let explained = explained.taken().map(|one| one.entry.name().clone());
    let selected = match select(&resolved.table, &asked) {
        Ok(Choice::Route(selected)) => {
            if let Some(leg) = selected
                .route
                .legacy
                .as_ref()
                .filter(|leg| leg.path.is_some())
            {
                let filled = leg.path.as_ref().map(|path| path.fill(&selected.params));
                assert!(filled.is_some_and(|path| path.starts_with('/')), "a path");
            }
            Some(selected.route.name.clone())
        }
        Ok(Choice::Fixed { fixed, params }) => {
            let _answer = fixed.answer(&parts, &params);
            Some(fixed.name.clone())
        }
        Ok(Choice::Wanted { .. } | Choice::Refused(_)) | Err(_) => None,
    };
    assert_eq!(selected, explained, "{line}");
}
