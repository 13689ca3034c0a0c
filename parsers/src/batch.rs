//! A whole file of records converted by several threads, in order.
//!
//! In: records as a [`crate::Deframer`] gives them, in batches, and a conversion such as [`crate::Layout::write_json`].
//! Out: the converted bytes in the order of the records, and the first record that does not convert. The calling
//! thread reads and writes, the others convert; they end before the call returns. Memory is bounded by three batches
//! for each of them and what those become.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::frame::Framed;

/// Records waiting to be converted.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Place>,
    size: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    end: usize,
    offset: u64,
    record_no: u64,
}

impl Batch {
    fn new(size: usize) -> Batch {
        Batch {
            bytes: Vec::new(),
            records: Vec::new(),
            size,
        }
    }

    /// Takes a record. Whoever fills a batch looks at [`is_full`](Self::is_full) after each.
    pub fn push(&mut self, record: Framed<'_>) {
        self.bytes.extend_from_slice(record.bytes);
        self.records.push(Place {
            end: self.bytes.len(),
            offset: record.offset,
            record_no: record.record_no,
        });
    }

    /// True when no more should go in.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= self.size
    }

    /// True without records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records.len()
    }
}

/// A record that does not convert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed<E> {
    /// Its number in the file, from 0.
    pub record_no: u64,
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// Why.
    pub error: E,
}

/// How many threads convert, and how much each takes at a time.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// Threads besides the calling one; with 0 or 1 it converts everything itself.
    pub threads: usize,
    /// Bytes of records in a batch: with less than some 64 KiB handing it over costs more than it saves.
    pub batch: usize,
}

impl Workers {
    /// So many threads, with batches that stay in a core's own cache.
    pub fn new(threads: usize) -> Workers {
        Workers {
            threads,
            batch: 256 * 1024,
        }
    }
}

/// A batch on its way, with what became of it.
struct Job<E> {
    batch: Batch,
    out: Vec<u8>,
    /// Records in `out`.
    converted: usize,
    failed: Option<Failed<E>>,
}

impl<E> Job<E> {
    fn new(size: usize) -> Job<E> {
        Job {
            batch: Batch::new(size),
            out: Vec::new(),
            converted: 0,
            failed: None,
        }
    }

    fn clear(&mut self) {
        self.batch.bytes.clear();
        self.batch.records.clear();
        self.out.clear();
        self.converted = 0;
    }

    fn run(&mut self, convert: &impl Fn(Framed<'_>, &mut Vec<u8>) -> Result<(), E>) {
        let mut start = 0;
        for place in &self.batch.records {
            let before = self.out.len();
            let record = Framed {
                bytes: self.batch.bytes.get(start..place.end).unwrap_or_default(),
                offset: place.offset,
                record_no: place.record_no,
            };
            if let Err(error) = convert(record, &mut self.out) {
                self.out.truncate(before);
                self.failed = Some(Failed {
                    record_no: place.record_no,
                    offset: place.offset,
                    error,
                });
                return;
            }
            self.converted = self.converted.saturating_add(1);
            start = place.end;
        }
    }
}

/// Takes output, and of how many records it is.
type Done<'d, F> = dyn FnMut(&[u8], usize) -> Result<(), F> + 'd;

/// A worker's inbox and outbox.
type Line<E> = (SyncSender<Job<E>>, Receiver<Job<E>>);

/// Batches that one worker may have waiting, beside the one it is at.
const WAITING: usize = 2;

/// Converts records until there are no more, or one does not convert.
///
/// `fill` puts records into an empty batch and says whether there may be more; `convert` appends one record's output;
/// `done` takes output in the order of the records, and of how many it is (none, where the first of a batch did not
/// convert). Gives back the first record that did not convert: everything before it has gone to `done`, nothing of it
/// or after it.
///
/// # Errors
/// The first error of `fill` or `done`; after one of `fill` the records before it are converted first.
pub fn convert<E: Send, F>(
    workers: Workers,
    fill: &mut dyn FnMut(&mut Batch) -> Result<bool, F>,
    convert: &(impl Fn(Framed<'_>, &mut Vec<u8>) -> Result<(), E> + Sync),
    done: &mut Done<'_, F>,
) -> Result<Option<Failed<E>>, F> {
    if workers.threads <= 1 {
        return alone(workers.batch, fill, convert, done);
    }
    std::thread::scope(|scope| {
        let lines: Vec<Line<E>> = (0..workers.threads)
            .map(|_| {
                let (to, inbox) = sync_channel::<Job<E>>(WAITING);
                let (outbox, from) = sync_channel(WAITING);
                scope.spawn(move || {
                    for mut job in inbox {
                        job.run(convert);
                        if outbox.send(job).is_err() {
                            return;
                        }
                    }
                });
                (to, from)
            })
            .collect();
        // Batches go round the workers and come back the same way: that keeps their order.
        let mut turn = lines.iter().cycle();
        let mut flying: VecDeque<&Receiver<Job<E>>> = VecDeque::new();
        let mut free = Vec::new();
        let (mut more, mut trouble) = (true, None);
        loop {
            if more {
                let mut job = free.pop().unwrap_or_else(|| Job::new(workers.batch));
                more = fill(&mut job.batch).unwrap_or_else(|error| {
                    trouble = Some(error);
                    false
                });
                // A worker is gone only if it panicked, which ends the scope with that panic.
                if !job.batch.is_empty()
                    && let Some((to, from)) = turn.next()
                    && to.send(job).is_ok()
                {
                    flying.push_back(from);
                }
            }
            let most = if more {
                workers.threads.saturating_mul(WAITING)
            } else {
                0
            };
            while flying.len() > most {
                let Some(Ok(mut job)) = flying.pop_front().map(Receiver::recv) else {
                    return Ok(None);
                };
                done(&job.out, job.converted)?;
                if job.failed.is_some() {
                    return Ok(job.failed);
                }
                job.clear();
                free.push(job);
            }
            if !more {
                return trouble.map_or(Ok(None), Err);
            }
        }
    })
}

/// The same on this thread.
fn alone<E, F>(
    size: usize,
    fill: &mut dyn FnMut(&mut Batch) -> Result<bool, F>,
    convert: &impl Fn(Framed<'_>, &mut Vec<u8>) -> Result<(), E>,
    done: &mut Done<'_, F>,
) -> Result<Option<Failed<E>>, F> {
    let mut job = Job::new(size);
    loop {
        let more = fill(&mut job.batch);
        job.run(convert);
        done(&job.out, job.converted)?;
        if job.failed.is_some() {
            return Ok(job.failed);
        }
        job.clear();
        if !more? {
            return Ok(None);
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "counts of a few records; overflow would fail the test"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn upper(record: Framed<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let record = record.bytes;
        out.push(b'<');
        if record.first() == Some(&b'!') {
            return Err(format!("{} bytes", record.len()));
        }
        out.extend(record.iter().map(u8::to_ascii_uppercase));
        out.push(b'>');
        Ok(())
    }

    /// Converts all; `cut` is the record at which reading fails.
    fn run(
        records: &[Vec<u8>],
        threads: usize,
        batch: usize,
        cut: Option<usize>,
    ) -> (Result<Option<Failed<String>>, &'static str>, Vec<u8>) {
        let mut out = Vec::new();
        let (mut next, mut offset) = (0, 0);
        let mut fill = |batch: &mut Batch| {
            assert!(batch.is_empty());
            while let Some(bytes) = records.get(next) {
                if cut == Some(next) {
                    return Err("cut");
                }
                batch.push(Framed {
                    bytes,
                    offset,
                    record_no: next as u64,
                });
                next += 1;
                offset += bytes.len() as u64;
                if batch.is_full() {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut done = |part: &[u8], _: usize| {
            out.extend_from_slice(part);
            Ok(())
        };
        let outcome = convert(Workers { threads, batch }, &mut fill, &upper, &mut done);
        (outcome, out)
    }

    #[test]
    fn however_many_threads_the_output_is_that_of_one() {
        let records: Vec<Vec<u8>> = (0..5000_usize)
            .map(|number| vec![b'a' + u8::try_from(number % 26).unwrap(); number % 400])
            .collect();
        let one = run(&records, 1, 4096, None);
        assert_eq!(one.0, Ok(None));
        for threads in [0, 2, 3, 7] {
            assert_eq!(run(&records, threads, 4096, None), one, "{threads}");
        }
    }

    #[test]
    fn nothing_of_the_first_failed_record_or_after_it_comes_out() {
        let mut records = vec![vec![b'x'; 300]; 2000];
        for (place, bytes) in [(700, 7), (1400, 14), (1999, 20)] {
            records[place] = vec![b'!'; bytes];
        }
        for threads in 1..=5 {
            let (outcome, out) = run(&records, threads, 1000, None);
            assert_eq!(out.len(), 700 * 302, "{threads}");
            let failed = outcome.unwrap().unwrap();
            assert_eq!((failed.record_no, failed.offset), (700, 700 * 300));
            assert_eq!(failed.error, "7 bytes");
        }
    }

    #[test]
    fn what_was_read_before_an_error_comes_out() {
        let records = vec![vec![b'x'; 300]; 2000];
        for threads in 1..=3 {
            let (outcome, out) = run(&records, threads, 1000, Some(1234));
            assert_eq!(outcome, Err("cut"), "{threads}");
            assert_eq!(out.len(), 1234 * 302, "{threads}");
        }
    }

    #[test]
    fn an_error_of_the_output_ends_it() {
        let mut filled = 0;
        let mut fill = |batch: &mut Batch| {
            filled += 1;
            batch.push(Framed {
                bytes: b"endless",
                offset: 0,
                record_no: 0,
            });
            Ok(true)
        };
        let outcome = convert(
            Workers::new(2),
            &mut fill,
            &upper,
            &mut |_: &[u8], _: usize| Err("full"),
        );
        assert_eq!(outcome, Err("full"));
        assert!(filled < 10, "{filled}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_records_any_threads(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..100),
            threads in 0..6usize,
            batch in 1..2000usize,
        ) {
            prop_assert_eq!(run(&records, threads, batch, None), run(&records, 1, 1, None));
        }
    }
}
