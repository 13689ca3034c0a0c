//! COBOL copybooks to byte layouts; records to values and back, without losing a bit.
//!
//! In: the text of a copybook, of its `NAME.meaning.toml`, and bytes. Out: a [`Layout`], and through it keys, events
//! for a [`Visitor`], a [`Record`], JSON, and the same bytes again. Never does I/O, reads no clock, does not panic on
//! any input, and takes memory in proportion to its input and the layout only.
//!
//! ```
//! use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions};
//!
//! let text = "       01  LOT.\n           05  LOT-ID   PIC X(4).\n           05  LOT-QTY  PIC S9(5) COMP-3.\n";
//! let copybook = Copybook::parse(CopybookText { file: "lot.cpy", text }).expect("it is right");
//! let options = LayoutOptions { code_page: CodePage::Cp037, ..LayoutOptions::default() };
//! let layout = Layout::compile(&copybook, None, &options).expect("it is right");
//!
//! let record = [0xC1, 0xF1, 0xF2, 0x40, 0x00, 0x12, 0x3D];
//! let mut json = Vec::new();
//! layout.write_json(&record, &mut json).expect("it decodes");
//! assert_eq!(json, br#"{"LOT-ID":"A12","LOT-QTY":-123}"#);
//! assert_eq!(layout.read_json(&json).expect("it encodes"), record);
//! ```
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod balance;
pub mod batch;
pub mod charset;
mod codec;
pub mod copybook;
mod decimal;
pub mod detect;
pub mod diff;
mod error;
pub mod frame;
pub mod hierarchy;
pub mod json;
pub mod layout;
mod path;
pub mod schema;
pub mod syspunch;
mod temporal;
mod value;
mod visitor;

pub use balance::{Balance, Imbalance, Stated, Statement};
pub use charset::CodePage;
pub use copybook::{Copybook, CopybookText};
pub use decimal::{Decimal, ParseDecimalError};
pub use error::{CopybookError, CopybookErrorKind, FieldError, FieldErrorKind, Span};
pub use frame::{Deframer, FrameError, Framed, Framing, RecordFormat};
pub use json::JsonOptions;
pub use layout::options::{
    BadCount, BinarySizes, Conditions, Controls, Decimals, DisplayNumbers, Edited, Endian, Fill,
    Fillers, Floats, InvalidNumber, InvalidText, LowValueText, NativeOrder, Nel, Numbers, Odo,
    Overpunch, Oversize, Short, SignPolicy, TextPolicy, Trim, Trunc, UnknownCharacter, WriteNull,
};
pub use layout::{
    ControlRecords, ControlValues, Dialect, Field, FieldKind, FieldOccurs, Layout,
    LayoutOptionError, LayoutOptions, LayoutWords, Meaning, Pii, RecordChoice, RecordClass, Step,
};
pub use path::{FieldPath, PathError};
pub use temporal::{
    Date, ParseDateError, ParseTimeError, TemporalForm, TemporalKind, Time, Timestamp,
};
pub use value::{Group, Record, Residue, Value};
pub use visitor::{Number, Text, Visitor};
