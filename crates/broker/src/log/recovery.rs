//! Finds a partition's segments when a broker starts, rebuilds their indexes and cuts a torn tail.
//!
//! Only the last segment can be torn: a segment is forced to the disk before the next one is begun. Its every
//! checksum is verified; whatever is behind the last whole batch was never acknowledged and is cut off. Damage
//! anywhere else is an error, never a silent cut.

use std::fs;
use std::io;
use std::path::Path;

use super::Segment;
use super::batch::{Fault, Header, Marker};
use super::medium::Medium;
use super::record::marker_kind;
use super::walk::{Stop, Walk};
use crate::error::{Error, Result};

/// What recovery tells of each batch, in offset order.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&Header, Option<Marker>);

/// All segments of the partition in `directory`, by base offset; none when there is no such directory.
pub(crate) fn recover(directory: &Path, visit: Visit<'_>) -> Result<Vec<Segment>> {
    let bases = bases(directory).map_err(|error| Error::storage("list", directory, error))?;
    let last = bases.last().copied();
    let mut segments = Vec::with_capacity(bases.len());
    for base in bases {
        let whole = if Some(base) == last {
            Tail::MayBeTorn
        } else {
            Tail::Whole
        };
        segments.push(recover_segment(directory, base, whole, visit)?);
    }
    Ok(segments)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    MayBeTorn,
    Whole,
}

fn bases(directory: &Path) -> io::Result<Vec<i64>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut bases = Vec::new();
    for entry in entries {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("log") => {
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                let base = stem.and_then(|stem| stem.parse::<i64>().ok());
                bases.extend(base);
            }
            // What compaction was writing when the process ended.
            Some("cleaned") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    bases.sort_unstable();
    Ok(bases)
}

fn recover_segment(directory: &Path, base: i64, tail: Tail, visit: Visit<'_>) -> Result<Segment> {
    let path = super::segment_path(directory, base);
    let failed = |action| {
        let path = path.clone();
        move |error| Error::storage(action, &path, error)
    };
    let mut segment = Segment::new(base, Medium::file(path.clone()));
    let Some(source) = segment.medium.source().map_err(failed("open"))? else {
        return Ok(segment);
    };
    let len = fs::metadata(&path).map_err(failed("read"))?.len();
    let mut walk = Walk::new(&source, 0, len);
    let mut next = base;
    let fault = loop {
        match step(&mut walk, next, tail) {
            Ok(Some((header, marker))) => {
                visit(&header, marker);
                segment.note(&header);
                next = header.last_offset() + 1;
            }
            Ok(None) => break None,
            Err(Stop::Read(error)) => return Err(Error::storage("read", &path, error)),
            Err(Stop::Fault { fault, .. }) => break Some(fault),
        }
    };
    let Some(fault) = fault else {
        return Ok(segment);
    };
    if tail == Tail::Whole {
        return Err(Error::Damaged {
            path,
            at: segment.len,
            what: fault.to_string(),
        });
    }
    tracing::warn!(
        path = %path.display(), kept = segment.len, cut = len - segment.len, fault = %fault,
        "cut a torn tail off a log"
    );
    segment
        .medium
        .truncate(segment.len)
        .map_err(failed("cut"))?;
    Ok(segment)
}

fn step(
    walk: &mut Walk<'_>,
    next: i64,
    tail: Tail,
) -> Result<Option<(Header, Option<Marker>)>, Stop> {
    let Some((at, header)) = walk.next_header()? else {
        return Ok(None);
    };
    let fault = |fault| Stop::Fault { at, fault };
    if header.base_offset < next {
        return Err(fault(Fault::Header("the offset goes back")));
    }
    let mut marker = None;
    if tail == Tail::MayBeTorn || header.is_control() {
        let batch = walk.batch(&header)?;
        Header::check(batch).map_err(fault)?;
        if header.is_control() {
            marker = marker_kind(&header, batch).map_err(fault)?;
        }
    }
    walk.skip(&header);
    Ok(Some((header, marker)))
}
