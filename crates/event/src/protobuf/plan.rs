//! A struct prepared for writing and reading Protobuf: which field has which number, type and presence.

use std::sync::Arc;

use crate::{Datum, Type};

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) members: Box<[Member]>,
    /// The fields' numbers, where those are not 1 and up in their order: only of what is read.
    pub(super) numbers: Option<Box<[u64]>>,
}

impl Node {
    /// The place of the field of that number.
    pub(super) fn place(&self, number: u64) -> Option<usize> {
        match &self.numbers {
            None => usize::try_from(number).ok()?.checked_sub(1),
            Some(numbers) => numbers.iter().position(|known| *known == number),
        }
    }
}

/// A field of a message, an element of an array, a key or a value of a map.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The field's name in the schema.
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
    /// Whether the schema allows null.
    pub(super) nullable: bool,
    /// What null stands for, if not for itself.
    pub(super) default: Option<Datum>,
    /// For messages.
    pub(super) ty: Type,
}

/// Whether a reader can tell that nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Never null; zero and empty are not written (proto3 without a label).
    Implicit,
    /// Null is not written, everything else is (`optional`; keys and values of a map).
    Explicit,
    /// Arrays and maps: null and empty are the same.
    Repeated,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Boolean,
    Int,
    Float32,
    Float64,
    Bytes,
    String,
    /// `confluent.type.Decimal`, of that scale.
    Decimal(i32),
    /// `google.type.Date`.
    Date,
    /// `google.type.TimeOfDay`.
    Time,
    /// `google.protobuf.Timestamp`.
    Timestamp,
    Message(Arc<Node>),
    Array(Box<Member>),
    Map(Box<Member>, Box<Member>),
}

impl Kind {
    /// Whether repeated values stand one behind the other under one tag.
    pub(super) fn is_packed(&self) -> bool {
        matches!(
            self,
            Self::Boolean | Self::Int | Self::Float32 | Self::Float64
        )
    }

    /// The wire type of one value: 0 varint, 1 eight bytes, 2 with its length, 5 four bytes.
    pub(super) fn wire_type(&self) -> u8 {
        match self {
            Self::Boolean | Self::Int => 0,
            Self::Float64 => 1,
            Self::Float32 => 5,
            _ => 2,
        }
    }
}
