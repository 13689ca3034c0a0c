//! The bytes of records: does the reader's layout find in the writer's records what it looks for?

use std::collections::BTreeMap;

use super::Obstacles;
use super::fields::{count, shape};
use crate::layout::{Field, FieldKind, Layout};

/// What stands in the way of reading every record of `writer` with `reader`. `pairs` gives the writer's field of a
/// reader's.
pub(super) fn obstacles(
    reader: &Layout,
    writer: &Layout,
    pairs: &BTreeMap<u32, u32>,
) -> Vec<super::Obstacle> {
    let mut found = Obstacles::default();
    let wider = wider(reader, writer, pairs);
    let lengths = |layout: &Layout| match (layout.min_len(), layout.max_len()) {
        (least, most) if least == most => format!("{most}"),
        (least, most) => format!("{least} to {most}"),
    };
    if reader.min_len() > writer.min_len() || reader.max_len() < writer.max_len() {
        let (wanted, got) = (lengths(reader), lengths(writer));
        found.add("", format!("wanted records of {wanted} bytes, got {got}"));
    }
    if reader.code_page() != writer.code_page() {
        let (wanted, got) = (reader.code_page(), writer.code_page());
        found.add("", format!("wanted texts in {wanted}, got {got}"));
    }
    for field in reader.fields().filter(|field| !field.is_hidden()) {
        let theirs = pairs.get(&field.id()).and_then(|id| writer.field(*id));
        match theirs {
            Some(_) if wider == Some(field.id()) => {}
            Some(theirs) => paired(reader, field, writer, theirs, &mut found),
            None if field.kind() == FieldKind::Group || field.is_variant() => {}
            None => added(field, writer, &mut found),
        }
    }
    // Where the writer's record holds a view that the reader does not have, none of the reader's need decode.
    for view in writer
        .fields()
        .filter(|field| field.is_variant() && !field.is_hidden())
    {
        if !pairs.values().any(|id| *id == view.id()) {
            found.add(view.path(), "records that hold this view have none here");
        }
    }
    found.0
}

/// A table whose storage follows its count, and which may occur as often for the reader as for the writer, and more or
/// less often: every count of the writer's is one of the reader's. Only at the tail, where nothing but the end of the
/// record depends on the most there can be; elsewhere offsets with most occurrences differ, and each of them is said.
fn wider(reader: &Layout, writer: &Layout, pairs: &BTreeMap<u32, u32>) -> Option<u32> {
    reader.fields().find_map(|field| {
        let theirs = pairs.get(&field.id()).and_then(|id| writer.field(*id))?;
        let (ours, others) = (field.occurs()?, theirs.occurs()?);
        let counter = pairs.get(&ours.depending_on?).copied();
        let holds = counter == others.depending_on
            && counter.is_some()
            && ours.stride == others.stride
            && ours.min <= others.min
            && ours.max >= others.max
            && field.offset() == theirs.offset()
            && reader.ends_with(field)
            && writer.ends_with(theirs);
        holds.then_some(field.id())
    })
}

fn paired(reader: &Layout, field: &Field, writer: &Layout, theirs: &Field, found: &mut Obstacles) {
    let path = field.path();
    if field.kind() != FieldKind::Group {
        if field.offset() != theirs.offset() {
            let (wanted, got) = (field.offset(), theirs.offset());
            found.add(path, format!("wanted at {wanted}, is at {got}"));
        }
        if field.len() != theirs.len() {
            let (wanted, got) = (field.len(), theirs.len());
            found.add(path, format!("wanted {wanted} bytes, has {got}"));
        } else if reader.codec_of(field) != writer.codec_of(theirs) {
            let (wanted, got) = (shape(field), shape(theirs));
            found.add(path, format!("wanted {wanted}, is {got}"));
        }
    }
    let (wanted, got) = (
        count(reader, field.occurs()),
        count(writer, theirs.occurs()),
    );
    if wanted != got {
        found.add(path, format!("wanted {wanted}, occurs {got}"));
    } else if field.occurs().map(|occurs| occurs.stride)
        != theirs.occurs().map(|occurs| occurs.stride)
    {
        found.add(path, "its occurrences have another length");
    }
}

/// A field the writer does not have: what do its bytes hold?
fn added(field: &Field, writer: &Layout, found: &mut Obstacles) {
    let (start, end) = span(field);
    let there = writer.fields().find(|other| {
        let (from, to) = span(other);
        other.kind() != FieldKind::Group && !other.is_hidden() && from < end && start < to
    });
    if let Some(other) = there {
        let text = format!("its bytes are those of {}", other.path());
        found.add(field.path(), text);
    } else if end > writer.max_len() {
        found.add(field.path(), "lies beyond the end of the record");
    } else if !matches!(field.kind(), FieldKind::Text { .. } | FieldKind::Bytes) {
        let text = "its bytes are FILLER, which need not decode";
        found.add(field.path(), text);
    }
}

/// First byte and one past the last, of all occurrences.
fn span(field: &Field) -> (usize, usize) {
    let all = field.occurs().map_or(field.len(), |occurs| {
        let bytes = u64::from(occurs.stride).saturating_mul(u64::from(occurs.max));
        usize::try_from(bytes).unwrap_or(usize::MAX)
    });
    (field.offset(), field.offset().saturating_add(all))
}
