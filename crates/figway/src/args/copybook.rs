//! What may be typed after `figway copybook`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use parsers::copybook::SourceFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum Copybook {
    /// Print the table of offsets a COBOL programmer knows from a compiler listing
    Layout {
        #[command(flatten)]
        copybook: CopybookArgs,
    },
    /// The schema of the records, for those who read them
    Schema {
        #[command(flatten)]
        copybook: CopybookArgs,
        /// Of which form
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: SchemaFormat,
        #[command(flatten)]
        schema: SchemaArgs,
        /// Of what `decode --lenient` writes: any field may be null
        #[arg(long)]
        lenient: bool,
        /// Of what `decode --flat` writes: one record, also where the meaning says which records stand below which. Of Avro and Protobuf it always is
        #[arg(long)]
        flat: bool,
        /// Where the schema goes; standard output if not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// What changed between two versions of a copybook, and who can still read what
    ///
    /// Lists every field that is new, gone, renamed, moved, longer, shorter or of another type, and says for the
    /// records' own bytes, JSON lines, JSON Schema, Avro and Protobuf whether the new version reads old data and the
    /// old version new data. Exits 1 if a wanted format is not as compatible as wanted.
    Diff(Diff),
    /// Records of a data set to JSON lines, Avro, Protobuf or Parquet
    Decode {
        #[command(flatten)]
        copybook: CopybookArgs,
        #[command(flatten)]
        format: FormatArgs,
        /// The data set; `-` is standard input
        data: PathBuf,
        /// What to make of them: JSON lines, an Avro object container file, Protobuf messages each behind its length, or a Parquet file
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "json")]
        to: Target,
        #[command(flatten)]
        schema: SchemaArgs,
        /// Where it goes; standard output if not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Keep going past a field that does not decode: it becomes null, in JSON with its bytes and the reason beside it
        #[arg(long)]
        lenient: bool,
        /// One line a record, also where the meaning says which records stand below which
        #[arg(long)]
        flat: bool,
        /// Don't hold the counts and totals of header and trailer against the records
        #[arg(long)]
        no_control: bool,
    },
    /// Say which record format a file has, which it has not and why, and what happened to it in transfer
    ///
    /// Reads the first 8 MiB. With a copybook, records are decoded to see whether they are records; without one, only
    /// their borders are looked at. Ends with 1 when no format fits or the file was damaged.
    Detect {
        /// The file; `-` is standard input
        data: PathBuf,
        /// The copybook of its records
        #[arg(long, value_name = "FILE")]
        copybook: Option<PathBuf>,
        /// The meaning file, if it is not beside the copybook
        #[arg(long, value_name = "FILE", requires = "copybook")]
        meaning: Option<PathBuf>,
        /// Where COPY finds its members, after the copybook's own directory; may be given several times
        #[arg(short = 'I', long, value_name = "DIR", requires = "copybook")]
        include: Vec<PathBuf>,
        /// Columns of the copybook's text: auto, fixed, free, or such as 7:8-72
        #[arg(long, value_name = "FORMAT", default_value = "auto")]
        source_format: SourceFormat,
        /// Read pictures as with DECIMAL-POINT IS COMMA
        #[arg(long, requires = "copybook")]
        decimal_comma: bool,
        /// The code page of text in the records
        #[arg(long, value_name = "NAME", default_value = "cp037")]
        code_page: String,
        /// Compiler rules and what is done about odd data, as in a source's `layout`. May be given several times
        #[arg(long, value_name = "OPTIONS", requires = "copybook")]
        layout: Vec<String>,
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// JSON lines to records of a data set, byte for byte what was decoded unless edited
    Encode {
        #[command(flatten)]
        copybook: CopybookArgs,
        #[command(flatten)]
        format: FormatArgs,
        /// The JSON lines; `-` is standard input
        json: PathBuf,
        /// Where the data set goes; standard output if not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// One line a record, as `decode --flat` writes them
        #[arg(long)]
        flat: bool,
        /// Don't hold the counts and totals of header and trailer against the records
        #[arg(long)]
        no_control: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CopybookArgs {
    /// The copybook; NAME.meaning.toml beside it is read if it is there
    pub(crate) copybook: PathBuf,
    /// The meaning file, if it is not beside the copybook
    #[arg(long, value_name = "FILE")]
    pub(crate) meaning: Option<PathBuf>,
    /// Where COPY finds its members, after the copybook's own directory; may be given several times
    #[arg(short = 'I', long, value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// Columns of the text: auto, fixed, free, or such as 7:8-72 (indicator in 7, text in 8 to 72)
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) source_format: SourceFormat,
    /// Read pictures as with DECIMAL-POINT IS COMMA
    #[arg(long)]
    pub(crate) decimal_comma: bool,
    /// The code page of text in the records: cp037, cp500, cp1047, cp1140
    #[arg(long, value_name = "NAME", default_value = "cp037")]
    pub(crate) code_page: String,
    /// Compiler rules and what is done about odd data, as in a source's `layout`: "dialect = mf; odo = maximum; number_spaces = null". May be given several times
    #[arg(long, value_name = "OPTIONS")]
    pub(crate) layout: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Avro 1.11, as JSON
    Avro,
    /// JSON Schema 2020-12 of the JSON lines
    JsonSchema,
    /// A .proto file
    Protobuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// JSON lines
    Json,
    /// An Avro object container file
    Avro,
    /// Protobuf messages, each behind its length
    Protobuf,
    /// A Parquet file; needs a figway that was built with `--features arrow`
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old version; NAME.meaning.toml beside it is read if it is there
    pub(crate) old: PathBuf,
    /// The new version, likewise
    pub(crate) new: PathBuf,
    /// The meaning file of the old version, if it is not beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) old_meaning: Option<PathBuf>,
    /// The meaning file of the new version, if it is not beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) new_meaning: Option<PathBuf>,
    /// Where COPY finds its members, after each copybook's own directory; may be given several times
    #[arg(short = 'I', long, value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// Columns of the texts: auto, fixed, free, or such as 7:8-72 (indicator in 7, text in 8 to 72)
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) source_format: SourceFormat,
    /// Read pictures as with DECIMAL-POINT IS COMMA
    #[arg(long)]
    pub(crate) decimal_comma: bool,
    /// Compiler rules and what is done about odd data, for both: "dialect = mf; odo = maximum"
    #[arg(long, value_name = "OPTIONS")]
    pub(crate) layout: Vec<String>,
    /// The formats that must be compatible; all if not given. May be given several times
    #[arg(long = "format", value_enum, value_name = "FORMAT")]
    pub(crate) formats: Vec<DiffFormat>,
    /// Who must be able to read whose data
    #[arg(long, value_enum, value_name = "WHICH", default_value = "backward")]
    pub(crate) compatibility: Compatibility,
    /// The file that keeps the numbers of Protobuf fields, as the old version left it; in the order of the old version
    /// if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) numbers: Option<PathBuf>,
    /// The full name of the Avro record in both versions; that of each copybook if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// The records' own bytes
    Records,
    /// JSON lines, for readers that pass over members they do not know
    Json,
    /// JSON Schema
    JsonSchema,
    /// Avro
    Avro,
    /// Protobuf
    Protobuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compatibility {
    /// The new version reads old data
    Backward,
    /// The old version reads new data
    Forward,
    /// Both
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The full name of the Avro record or Protobuf message, `namespace.Name`; the record's own name if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A file that keeps the numbers of Protobuf fields, so that none changes when fields come and go: `schema`
    /// makes it and brings it up to date, others want it to be there
    #[arg(long, value_name = "FILE")]
    pub(crate) numbers: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// The record format (RECFM) of the data set as it lies on this disk: F, FB, V (an RDW before each record), VB (a BDW before each block as well), VS and VBS (spanned), U, TEXT (lines), LENGTH(LEN + 4) (a length in fields). What departs from custom follows: "VB; rdw_order = little; rdw_counts = data"
    #[arg(long, value_name = "RECFM")]
    pub(crate) record_format: Option<String>,
    /// The record length (LRECL) of an F or FB data set; the copybook's length if not given
    #[arg(long, value_name = "BYTES")]
    pub(crate) record_length: Option<usize>,
}
