//! Of what kind a refusal is: the peer's by its message, ours by the type of its error.
//!
//! In: the text of `expected_error.txt`, or an error of ours. Out: a [`Fault`], so that a case passes only where we
//! refuse it for the reason that the peer has. Errors of `parsers` carry their kind; those of the runner itself carry
//! a [`Fault`] as context.

use std::fmt;

use parsers::frame::{FrameError, FrameErrorKind};
use parsers::{CopybookError, CopybookErrorKind, FieldError};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An option that is none, cannot stand with another, or names what the copybook does not have.
    Option,
    /// The copybook is no COBOL.
    Syntax,
    /// The copybook's entries contradict themselves or each other, or are larger than they can be.
    Entry,
    /// Record types, or which is below which, are not as the copybook has them.
    Segments,
    /// A file is no whole number of records.
    Cut,
    /// A word in front of a record or a block that cannot be one.
    Word,
    /// A record whose length its field does not give.
    Length,
    /// A value that a field cannot hold or does not have.
    Value,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Option => "options",
            Fault::Syntax => "no COBOL",
            Fault::Entry => "entries",
            Fault::Segments => "segments",
            Fault::Cut => "a file that is cut",
            Fault::Word => "descriptor words",
            Fault::Length => "the length of a record",
            Fault::Value => "a value",
        })
    }
}

/// What the peer's messages say, the most telling first: a text with all of these parts is of the kind.
const MESSAGES: [(&[&str], Fault); 30] = [
    (
        &["syntax error in the copybook", "invalid input"],
        Fault::Syntax,
    ),
    (&["syntax error in the copybook"], Fault::Entry),
    (&["is not yet supported", "pic "], Fault::Entry),
    (&["depending on field of an occurs"], Fault::Entry),
    (
        &["depends on", "not found among previously processed"],
        Fault::Entry,
    ),
    (&["incorrectly specified for"], Fault::Entry),
    (&["not divisible by the record size"], Fault::Cut),
    (&["does not divide data size"], Fault::Cut),
    (&["binary record too small"], Fault::Cut),
    (&["eofexception"], Fault::Cut),
    (&["length of rdw headers is unexpected"], Fault::Cut),
    (&["length of bdw headers is unexpected"], Fault::Cut),
    (&["rdw headers"], Fault::Word),
    (&["bdw headers"], Fault::Word),
    (&["rdw length"], Fault::Word),
    (&["record length value"], Fault::Length),
    (&["null encountered as a record length"], Fault::Length),
    (&["invalid value of the record length"], Fault::Length),
    (&["segment redefine"], Fault::Segments),
    (&["root segment"], Fault::Segments),
    (&["parent of itself"], Fault::Segments),
    (&["parent-child relation"], Fault::Segments),
    (&["as a segment id"], Fault::Segments),
    (&["cannot set value for field"], Fault::Value),
    (&["is not found in spark schema"], Fault::Value),
    (&["should be positive"], Fault::Option),
    (&["option"], Fault::Option),
    (&["parameter"], Fault::Option),
    (&["exprsyntaxerror"], Fault::Option),
    (&["illegalargumentexception"], Fault::Option),
];

/// What the peer refuses a case for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Of a message that is not known none: any refusal will do.
    pub kind: Option<Fault>,
    /// The line of the copybook, where the message names a place in it (an entry's line alone may be another clause's).
    pub line: Option<u32>,
}

impl Wanted {
    /// By the peer's message.
    pub fn of(message: &str) -> Wanted {
        let message = message.to_lowercase();
        let known = MESSAGES
            .iter()
            .find(|(parts, _)| parts.iter().all(|part| message.contains(part)));
        let place = message
            .split_once("syntax error in the copybook at line ")
            .and_then(|(_, rest)| rest.split_once(':'));
        let digits = place.map(|(line, _)| line);
        Wanted {
            kind: known.map(|(_, fault)| *fault),
            line: digits.and_then(|digits| digits.parse().ok()),
        }
    }

    /// Whether an error of ours says the same, perhaps among others.
    pub fn is(&self, error: &anyhow::Error) -> bool {
        let Some(kind) = self.kind else { return true };
        match error.downcast_ref::<Refused>() {
            Some(Refused(faults)) => faults.iter().any(|fault| {
                of_copybook(fault) == kind && self.line.is_none_or(|line| line == fault.line())
            }),
            None => of(error) == Some(kind),
        }
    }
}

fn of_copybook(fault: &CopybookError) -> Fault {
    match fault.kind() {
        CopybookErrorKind::Syntax | CopybookErrorKind::NotSupported => Fault::Syntax,
        _ => Fault::Entry,
    }
}

fn of(error: &anyhow::Error) -> Option<Fault> {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return Some(*fault);
    }
    error.chain().find_map(|cause| {
        if let Some(fault) = cause.downcast_ref::<FrameError>() {
            return Some(match fault.kind() {
                FrameErrorKind::Cut => Fault::Cut,
                FrameErrorKind::Descriptor | FrameErrorKind::Spanned => Fault::Word,
                FrameErrorKind::Format => Fault::Option,
                _ => Fault::Length,
            });
        }
        cause.downcast_ref::<FieldError>().map(|_| Fault::Value)
    })
}

/// The faults of a copybook; shows the first with its place.
#[derive(Debug)]
pub struct Refused(pub Vec<CopybookError>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(fault) => write!(f, "{}:{}: {fault}", fault.line(), fault.column()),
            None => f.write_str("no reason is given"),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_for_another_reason_is_none() {
        let wanted = Wanted::of(
            "x.IllegalArgumentException: File a size (3 bytes) is NOT DIVISIBLE by the RECORD SIZE",
        );
        let cut = anyhow::anyhow!("3 bytes").context(Fault::Cut);
        assert!(wanted.is(&cut));
        assert!(!wanted.is(&anyhow::anyhow!("3 bytes").context(Fault::Option)));
        assert!(!wanted.is(&anyhow::anyhow!("3 bytes")));
    }

    #[test]
    fn a_fault_of_the_copybook_is_on_the_line_that_the_peer_names() {
        let wanted = Wanted::of(
            "SyntaxErrorException: Syntax error in the copybook at line 3:4: Invalid input 'X'",
        );
        assert_eq!(wanted.kind, Some(Fault::Syntax));
        assert_eq!(wanted.line, Some(3));
    }
}
