//! Where lines wait, and the thread that writes them: many at once, so that a request pays for a copy and not for a file.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::Place;

/// What may wait; more is dropped, since memory is for requests.
const MOST: usize = 4 << 20;
/// What is written at once without waiting for more.
const MUCH: usize = 64 << 10;
/// How long a line waits for others.
const GATHER: Duration = Duration::from_millis(100);

/// What a thread keeps of the memory in which it writes lines.
const LONG: usize = 4 << 10;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[derive(Debug)]
pub(super) struct Out(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    sink: Mutex<Sink>,
    dropped: Counter,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    closed: bool,
}

#[derive(Debug)]
enum Sink {
    Output,
    File(File),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sink(place: &Place) -> io::Result<Sink> {
    Ok(match place {
        Place::Output => Sink::Output,
        Place::File(path) => Sink::File(OpenOptions::new().create(true).append(true).open(path)?),
    })
}

impl Out {
    pub(super) fn open(place: &Place, dropped: Counter) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            sink: Mutex::new(sink(place)?),
            dropped,
        });
        let writing = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writing.run())?;
        Ok(Self(shared))
    }

    /// Lets a line be written, in memory of the thread, and keeps it if there is room for it.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) {
        // Nobody's where the thread is at its end.
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        write(&mut line);
        self.keep(&line);
        line.clear();
        line.shrink_to(LONG);
        let _gone = LINE.try_with(|kept| kept.set(line));
    }

    /// The lock that all requests share is held for a copy.
    fn keep(&self, line: &[u8]) {
        let mut waiting = lock(&self.0.waiting);
        if waiting.lines.len() >= MOST {
            drop(waiting);
            self.0.dropped.inc();
            return;
        }
        let before = waiting.lines.len();
        waiting.lines.extend_from_slice(line);
        let after = waiting.lines.len();
        drop(waiting);
        if before == 0 || (before < MUCH && after >= MUCH) {
            self.0.changed.notify_one();
        }
    }

    pub(super) fn reopen(&self, place: &Place) -> io::Result<()> {
        // What came before belongs into the old one.
        self.flush();
        let next = sink(place)?;
        *lock(&self.0.sink) = next;
        Ok(())
    }

    pub(super) fn flush(&self) {
        let mut lines = Vec::new();
        self.0.write(&mut lines);
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        lock(&self.0.waiting).closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    /// Until it is closed and all is written.
    fn run(&self) {
        // Two buffers take turns.
        let mut lines = Vec::new();
        loop {
            let mut waiting = lock(&self.waiting);
            while waiting.lines.is_empty() && !waiting.closed {
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if !waiting.closed && waiting.lines.len() < MUCH {
                let gathered = self.changed.wait_timeout_while(waiting, GATHER, |waiting| {
                    !waiting.closed && waiting.lines.len() < MUCH
                });
                waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
            }
            let closed = waiting.closed;
            drop(waiting);
            self.write(&mut lines);
            if closed {
                return;
            }
        }
    }

    /// Writes what waits, in its order whoever calls.
    fn write(&self, lines: &mut Vec<u8>) {
        let mut sink = lock(&self.sink);
        std::mem::swap(&mut lock(&self.waiting).lines, lines);
        let written = match &mut *sink {
            Sink::Output => io::stdout().lock().write_all(lines),
            Sink::File(file) => file.write_all(lines),
        };
        drop(sink);
        if let Err(error) = written {
            let lost = lines.iter().filter(|byte| **byte == b'\n').count();
            self.dropped.inc_by(u64::try_from(lost).unwrap_or(u64::MAX));
            tracing::error!(%error, lines = lost, "cannot write the access log");
        }
        lines.clear();
        lines.shrink_to(MUCH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_one_line_is_written_others_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let out = Out::open(&Place::File(path.clone()), Counter::default()).unwrap();
        out.put(|line| {
            // Another request's, on another thread; it would wait for ever if the one that is begun held the lock.
            std::thread::scope(|scope| {
                scope
                    .spawn(|| out.put(|line| line.extend_from_slice(b"b\n")))
                    .join()
            })
            .unwrap();
            line.extend_from_slice(b"a\n");
        });
        out.flush();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "b\na\n");
    }
}
