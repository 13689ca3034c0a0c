//! What is known at the origins: which writes came, how many connections are open, and what a request asks an origin to do.
//!
//! Paths are `/PLACE/FAULT/ID/LENGTH`: the answer is the id, again and again, over so many bytes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::fault::Fault;

/// What is known at an origin, or at several.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    open: AtomicUsize,
    requests: AtomicUsize,
    writes: Mutex<HashSet<String>>,
    twice: Mutex<Vec<String>>,
    turned_away: Mutex<HashSet<String>>,
}

impl Ledger {
    /// Connections that have not ended.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Requests whose heads came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Writes that came more than once.
    pub(crate) fn twice(&self) -> Vec<String> {
        self.twice.lock().unwrap().clone()
    }

    /// A request came that may be executed.
    pub(crate) fn came(&self, asked: &Asked) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if asked.post && !self.writes.lock().unwrap().insert(asked.id.clone()) {
            self.twice.lock().unwrap().push(asked.id.clone());
        }
    }

    /// Whether a request is met for the first time by somebody who does not look at it.
    pub(crate) fn turns_away(&self, asked: &Asked) -> bool {
        self.turned_away.lock().unwrap().insert(asked.id.clone())
    }

    /// A connection came.
    pub(crate) fn opened(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::SeqCst);
        Open(Arc::clone(self))
    }
}

/// A connection that has not ended.
pub(crate) struct Open(pub(crate) Arc<Ledger>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A request, as an origin reads it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) post: bool,
    pub(crate) fault: Fault,
    pub(crate) id: String,
    pub(crate) length: usize,
    /// Bytes of the request's body.
    pub(crate) body: usize,
}

impl Asked {
    pub(crate) fn of(method: &str, path: &str, body: Option<&str>) -> Self {
        let mut path = path.split('/').skip(2);
        let fault = path.next().unwrap();
        Self {
            post: method == "POST",
            fault: *Fault::ALL.iter().find(|one| one.name() == fault).unwrap(),
            id: path.next().unwrap().to_owned(),
            length: path.next().unwrap().parse().unwrap(),
            body: body.map_or(0, |body| body.parse().unwrap()),
        }
    }

    /// Of the head of HTTP/1.1.
    pub(crate) fn of_head(head: &str) -> Self {
        let mut line = head.split(' ');
        let (method, path) = (line.next().unwrap(), line.next().unwrap());
        let body = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let named = name.eq_ignore_ascii_case("content-length");
            named.then(|| value.trim())
        });
        Self::of(method, path, body)
    }

    pub(crate) fn answer(&self) -> Vec<u8> {
        self.id.bytes().cycle().take(self.length).collect()
    }
}
