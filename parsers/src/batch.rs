//! Many records at once, converted by several threads, in order.
//!
//! In: records as a [`crate::Deframer`] gives them, and a conversion such as [`crate::Layout::write_json`]. Out: the
//! converted bytes in the order of the records, and the first record that does not convert. Memory is bounded by the
//! batch's size, its longest record and what they become. Threads end before a call returns.

use crate::frame::Framed;

/// Records waiting to be converted.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Place>,
    size: usize,
    parts: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    end: usize,
    offset: u64,
    record_no: u64,
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

/// What became of a batch: the output of the records up to the first that failed.
#[derive(Debug)]
pub struct Converted<'b, E> {
    parts: &'b [Vec<u8>],
    /// The first record that did not convert; nothing of it or after it is in the output.
    pub failed: Option<Failed<E>>,
}

impl<E> Converted<'_, E> {
    /// The output, in pieces: one after the other they are all of it.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(Vec::as_slice)
    }
}

/// Records of fewer bytes than this are not worth another thread (starting one costs about 20 microseconds, in which
/// one thread converts some 8 KB).
const LEAST_PER_WORKER: usize = 64 * 1024;

impl Batch {
    /// A batch that is full when its records have `size` bytes together. 1 MiB for each thread is plenty.
    pub fn new(size: usize) -> Batch {
        Batch {
            bytes: Vec::new(),
            records: Vec::new(),
            size,
            parts: Vec::new(),
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

    /// True when it should be converted before more records go in.
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

    /// Converts every record with up to `workers` threads, this one among them, and empties the batch. `convert`
    /// appends one record's output.
    pub fn convert<E: Send>(
        &mut self,
        workers: usize,
        convert: &(impl Fn(&[u8], &mut Vec<u8>) -> Result<(), E> + Sync),
    ) -> Converted<'_, E> {
        let workers = self
            .bytes
            .len()
            .checked_div(LEAST_PER_WORKER)
            .unwrap_or(0)
            .clamp(1, workers.max(1));
        self.parts.resize_with(workers, Vec::new);
        let (bytes, records) = (self.bytes.as_slice(), self.records.as_slice());
        let outcomes: Vec<Option<Failed<E>>> = std::thread::scope(|scope| {
            let mut shares = shares(records, bytes.len(), workers).zip(&mut self.parts);
            let mine = shares.next();
            let others: Vec<_> = shares
                .map(|(share, part)| scope.spawn(move || run(bytes, &share, convert, part)))
                .collect();
            let first = mine.and_then(|(share, part)| run(bytes, &share, convert, part));
            std::iter::once(first)
                .chain(others.into_iter().map(|other| match other.join() {
                    Ok(outcome) => outcome,
                    Err(panic) => std::panic::resume_unwind(panic),
                }))
                .collect()
        });
        self.bytes.clear();
        self.records.clear();
        let at = outcomes.iter().position(Option::is_some);
        let kept = at.map_or(workers, |at| at.saturating_add(1));
        Converted {
            parts: self.parts.get(..kept).unwrap_or_default(),
            failed: outcomes.into_iter().flatten().next(),
        }
    }
}

/// A run of records, and where the first begins.
struct Share<'r> {
    start: usize,
    records: &'r [Place],
}

/// The records in as many runs of about equal bytes as there are workers; later ones may be empty.
fn shares(records: &[Place], bytes: usize, workers: usize) -> impl Iterator<Item = Share<'_>> {
    let mut rest = records;
    let mut start = 0;
    (1..=workers).map(move |number| {
        let until = bytes
            .checked_mul(number)
            .and_then(|all| all.checked_div(workers))
            .unwrap_or(bytes);
        let count = if number == workers {
            rest.len()
        } else {
            rest.partition_point(|place| place.end <= until)
        };
        let (mine, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let share = Share {
            start,
            records: mine,
        };
        start = mine.last().map_or(start, |last| last.end);
        rest = after;
        share
    })
}

fn run<E>(
    bytes: &[u8],
    share: &Share<'_>,
    convert: &impl Fn(&[u8], &mut Vec<u8>) -> Result<(), E>,
    out: &mut Vec<u8>,
) -> Option<Failed<E>> {
    out.clear();
    let mut start = share.start;
    for place in share.records {
        let before = out.len();
        let record = bytes.get(start..place.end).unwrap_or_default();
        if let Err(error) = convert(record, out) {
            out.truncate(before);
            return Some(Failed {
                record_no: place.record_no,
                offset: place.offset,
                error,
            });
        }
        start = place.end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(records: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::new(1 << 20);
        let mut offset = 0;
        for (record_no, bytes) in (0..).zip(records) {
            batch.push(Framed {
                bytes,
                offset,
                record_no,
            });
            offset += bytes.len() as u64;
        }
        batch
    }

    fn output<E>(converted: &Converted<'_, E>) -> Vec<u8> {
        converted.parts().flatten().copied().collect()
    }

    fn upper(record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        out.push(b'<');
        if record.first() == Some(&b'!') {
            return Err(format!("{} bytes", record.len()));
        }
        out.extend(record.iter().map(u8::to_ascii_uppercase));
        out.push(b'>');
        Ok(())
    }

    #[test]
    fn however_many_threads_the_output_is_that_of_one() {
        let records: Vec<Vec<u8>> = (0..5000_usize)
            .map(|number| vec![b'a' + u8::try_from(number % 26).unwrap(); number % 400])
            .collect();
        let one = output(&filled(&records).convert(1, &upper));
        for workers in [2, 3, 7] {
            let mut batch = filled(&records);
            let converted = batch.convert(workers, &upper);
            assert_eq!(output(&converted), one, "{workers}");
            assert_eq!(converted.failed, None);
            assert!(batch.is_empty());
        }
    }

    #[test]
    fn nothing_of_the_first_failed_record_or_after_it_comes_out() {
        let mut records = vec![vec![b'x'; 300]; 2000];
        for (place, bytes) in [(700, 7), (1400, 14), (1999, 20)] {
            records[place] = vec![b'!'; bytes];
        }
        for workers in 1..=5 {
            let mut batch = filled(&records);
            let converted = batch.convert(workers, &upper);
            assert_eq!(output(&converted).len(), 700 * 302, "{workers}");
            let failed = converted.failed.unwrap();
            assert_eq!((failed.record_no, failed.offset), (700, 700 * 300));
            assert_eq!(failed.error, "7 bytes");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_records_any_threads(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..100),
            workers in 0..6usize,
        ) {
            let one = filled(&records).convert(1, &upper).failed;
            let mut batch = filled(&records);
            let converted = batch.convert(workers, &upper);
            prop_assert_eq!(&converted.failed, &one);
            let until = one.map_or(records.len(), |failed| usize::try_from(failed.record_no).unwrap());
            let mut wanted = Vec::new();
            for record in &records[..until] {
                upper(record, &mut wanted).unwrap();
            }
            prop_assert_eq!(output(&converted), wanted);
        }
    }
}
