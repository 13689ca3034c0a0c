//! Lines on their way out, and the thread that writes them. Standard error may be a pipe whose reader stands still: a thread that answers
//! requests must not.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What may wait, in bytes; more is dropped.
const MOST: usize = 1 << 20;
/// What a buffer keeps of its memory, in bytes.
const KEPT: usize = 64 << 10;

/// Takes whole lines, one with each write, and never blocks.
#[derive(Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
    /// Something that was taken out is not written yet.
    writing: bool,
    /// There is no thread; lines are written by who has them.
    alone: bool,
}

impl Lines {
    /// Written there, by a thread that ends with the process.
    pub(super) fn to(out: impl Write + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let writing = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned());
        if thread.spawn(move || writing.run(out)).is_err() {
            shared.waiting().alone = true;
        }
        Self(shared)
    }

    /// Waits until all is written, so long at most.
    pub(super) fn flush(&self, most: Duration) {
        let until = Instant::now() + most;
        let mut waiting = self.0.waiting();
        while waiting.writing || !waiting.bytes.is_empty() {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            let woken = self.0.changed.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting();
        if waiting.alone {
            drop(waiting);
            return io::stderr().write(line);
        }
        if waiting.bytes.len().saturating_add(line.len()) > MOST {
            waiting.dropped = waiting.dropped.saturating_add(1);
        } else {
            waiting.bytes.extend_from_slice(line);
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut out: impl Write) {
        // Two buffers take turns.
        let mut bytes = Vec::new();
        loop {
            let mut waiting = self.waiting();
            waiting.writing = false;
            self.changed.notify_all();
            while waiting.bytes.is_empty() {
                let woken = self.changed.wait(waiting);
                waiting = woken.unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut waiting.bytes, &mut bytes);
            let dropped = std::mem::take(&mut waiting.dropped);
            waiting.writing = true;
            drop(waiting);
            // Who closed it wants none of it, and there is nowhere else to say so.
            out.write_all(&bytes).ok();
            if dropped > 0 {
                writeln!(
                    out,
                    "{dropped} lines of the log were not taken in time and are lost"
                )
                .ok();
            }
            out.flush().ok();
            bytes.clear();
            bytes.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A reader that takes nothing until it is let, and then all.
    struct Stalled {
        go: Receiver<()>,
        seen: Sender<Vec<u8>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Disconnected: it may go on for ever.
            self.go.recv().ok();
            self.seen.send(bytes.to_vec()).ok();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_reader_that_stands_still_and_what_is_lost_is_told() {
        let ((let_go, go), (seen, came)) = (channel(), channel());
        let lines = Lines::to(Stalled { go, seen });
        let line = |number: usize| format!("{number:09}\n");
        let many = 3 * MOST / line(0).len();
        for number in 0..many {
            (&lines).write_all(line(number).as_bytes()).unwrap();
        }
        // It does not wait for ever at the end either.
        lines.flush(Duration::ZERO);
        drop(let_go);
        lines.flush(Duration::from_secs(60));
        // One more, behind which nothing is lost any more.
        (&lines).write_all(b"last\n").unwrap();
        lines.flush(Duration::from_secs(60));
        let text: Vec<u8> = came.try_iter().flatten().collect();
        let text = String::from_utf8(text).unwrap();
        let (kept, told): (Vec<_>, Vec<_>) = text.lines().partition(|line| !line.contains("lost"));
        assert!(
            text.starts_with(&line(0)) && text.ends_with("last\n"),
            "in order"
        );
        let lost: usize = told
            .iter()
            .filter_map(|line| line.split(' ').next()?.parse::<usize>().ok())
            .sum();
        assert!(lost > 0);
        assert_eq!(kept.len() + lost, many + 1);
    }
}
