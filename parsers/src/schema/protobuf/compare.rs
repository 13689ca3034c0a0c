//! Can messages written with one schema be read with another? By the numbers of fields, as Protobuf's language guide
//! has it ("Updating A Message Type").

use super::model::{FieldOf, Kind, Label, Message};
use crate::diff::{Obstacles, below};
use crate::schema::Scalar;

/// What stands in the way of reading all messages of `writer`. A field that only one of them has does not: it is
/// passed over, or has its default.
pub(super) fn messages(path: &str, reader: &Message, writer: &Message, found: &mut Obstacles) {
    for field in &reader.fields {
        let theirs = writer
            .fields
            .iter()
            .find(|other| other.number == field.number);
        if let Some(theirs) = theirs {
            let path = below(path, &field.name);
            fields(&path, (reader, field), (writer, theirs), found);
        }
    }
}

fn fields(
    path: &str,
    (reader, field): (&Message, &FieldOf),
    (writer, theirs): (&Message, &FieldOf),
    found: &mut Obstacles,
) {
    if theirs.label == Label::Repeated && field.label != Label::Repeated {
        found.add(path, "is repeated: only the last occurrence would be read");
    }
    match (&field.kind, &theirs.kind) {
        (Kind::Message(ours), Kind::Message(other)) => {
            if let (Some(ours), Some(other)) = (nested(reader, ours), nested(writer, other)) {
                messages(path, ours, other, found);
            }
        }
        // Open, as all of proto3: a number without a name is kept.
        (Kind::Enum(_), Kind::Enum(_)) => {}
        (wanted, got) if wanted == got => meaning(path, field, theirs, found),
        // All are varints; none is cut.
        (Kind::Int64, Kind::Int32 | Kind::Bool) | (Kind::Int32, Kind::Bool) => {
            meaning(path, field, theirs, found);
        }
        (Kind::Int32, Kind::Int64) => found.add(path, "is int64: values beyond int32 would be cut"),
        (Kind::Bytes, Kind::String) => {}
        (wanted, got) => {
            found.add(path, format!("wanted {}, is {}", wanted.name(), got.name()));
        }
    }
}

/// The same bytes may count other things.
fn meaning(path: &str, field: &FieldOf, theirs: &FieldOf, found: &mut Obstacles) {
    let unit = |scalar: Option<Scalar>| match scalar {
        Some(Scalar::Date) => "days",
        Some(Scalar::Time(_)) => "a time",
        Some(Scalar::Timestamp(_)) => "a timestamp",
        Some(Scalar::Decimal { .. }) => "a decimal",
        Some(Scalar::Boolean | Scalar::Int16 | Scalar::Int32 | Scalar::Int64) => "a number",
        _ => "",
    };
    let (wanted, got) = (unit(field.scalar), unit(theirs.scalar));
    let steps = |scalar: Option<Scalar>| match scalar {
        Some(Scalar::Time(steps) | Scalar::Timestamp(steps)) => Some(steps),
        _ => None,
    };
    if wanted != got {
        let name = |unit: &str| if unit.is_empty() { "a text" } else { unit }.to_owned();
        found.add(path, format!("wanted {}, is {}", name(wanted), name(got)));
    } else if steps(field.scalar) != steps(theirs.scalar) {
        found.add(path, "counts other parts of a second");
    }
}

fn nested<'m>(message: &'m Message, name: &str) -> Option<&'m Message> {
    message.nested.iter().find(|nested| nested.name == name)
}
