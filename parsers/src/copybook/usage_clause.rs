//! The USAGE clause, in the spellings of every compiler, with or without the words USAGE IS.

use nom::Parser;
use nom::combinator::opt;

use super::Usage;
use super::clause::Clause;
use super::combinator::{Input, Message, Parsed, fail, name, stop, word};

/// `[USAGE [IS]] form`.
pub(super) fn usage(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, introduced) = opt((word(&["USAGE"]), opt(word(&["IS"])))).parse(input)?;
    let Some((token, after)) = rest.split_first() else {
        return stop(rest, "a usage");
    };
    let written = token.word().unwrap_or_default();
    if let Some(binary) = binary(written) {
        let (after, word) = opt(word(&["SIGNED", "UNSIGNED"])).parse(after)?;
        let unsigned = written.starts_with("UNSIGNED-");
        let signed = !unsigned && word.and_then(|word| word.word()) != Some("UNSIGNED");
        return Ok((after, Clause::Usage(binary(signed), token.span)));
    }
    if written == "OBJECT" {
        let (after, _) = word(&["REFERENCE"])(after)?;
        // The class it refers to, `OBJECT REFERENCE CUSTOMER`, changes no storage.
        let (after, _) = opt(name).parse(after)?;
        return Ok((after, Clause::Usage(Usage::ObjectReference, token.span)));
    }
    if let Some(found) = named(written) {
        return Ok((after, Clause::Usage(found, token.span)));
    }
    if introduced.is_some() {
        let wanted = "a usage such as `COMP-3`";
        return fail(rest, Message::Instead(wanted.to_owned()), None);
    }
    stop(input, "a clause or a period")
}

/// The usages of one word that take SIGNED or UNSIGNED, and those that begin with it. A C long has 8 bytes, as GnuCOBOL
/// has it on machines of 64 bits.
fn binary(word: &str) -> Option<fn(bool) -> Usage> {
    Some(match word {
        "BINARY-CHAR" => |signed| Usage::BinaryChar { signed },
        "BINARY-SHORT" | "SIGNED-SHORT" | "UNSIGNED-SHORT" => {
            |signed| Usage::BinaryShort { signed }
        }
        "BINARY-LONG" | "BINARY-INT" | "SIGNED-INT" | "UNSIGNED-INT" => {
            |signed| Usage::BinaryLong { signed }
        }
        "BINARY-DOUBLE" | "BINARY-LONG-LONG" | "BINARY-C-LONG" | "SIGNED-LONG"
        | "UNSIGNED-LONG" => |signed| Usage::BinaryDouble { signed },
        _ => return None,
    })
}

/// The other usages of one word.
pub(super) fn named(word: &str) -> Option<Usage> {
    let computational = word
        .strip_prefix("COMPUTATIONAL")
        .or_else(|| word.strip_prefix("COMP"));
    if let Some(form) = computational {
        return Some(match form {
            // COMP-0 is none of IBM's; where it is met (Cobrix knows it) it is COMP.
            "" | "-4" | "-0" => Usage::Binary,
            "-1" => Usage::FloatShort,
            "-2" => Usage::FloatLong,
            "-3" => Usage::Packed,
            "-3U" | "-6" => Usage::PackedNoSign,
            "-5" => Usage::Native,
            "-9" => Usage::BinaryLittle,
            "-X" => Usage::CompX,
            "-N" => Usage::CompN,
            _ => return None,
        });
    }
    Some(match word {
        "DISPLAY" => Usage::Display,
        "BINARY" => Usage::Binary,
        "PACKED-DECIMAL" => Usage::Packed,
        "FLOAT-SHORT" | "FLOAT" => Usage::FloatShort,
        "FLOAT-LONG" | "DOUBLE" => Usage::FloatLong,
        "FLOAT-EXTENDED" | "FLOAT-BINARY-32" | "FLOAT-BINARY-64" | "FLOAT-BINARY-128"
        | "FLOAT-DECIMAL-16" | "FLOAT-DECIMAL-34" | "FLOAT-DECIMAL-7" => Usage::FloatExtended,
        "NATIONAL" => Usage::National,
        "DISPLAY-1" => Usage::DoubleByte,
        "UTF-8" => Usage::Utf8,
        "INDEX" => Usage::Index,
        "POINTER" => Usage::Pointer,
        "POINTER-32" => Usage::Pointer32,
        "PROCEDURE-POINTER" | "PROGRAM-POINTER" => Usage::ProcedurePointer,
        "FUNCTION-POINTER" => Usage::FunctionPointer,
        _ => return None,
    })
}
