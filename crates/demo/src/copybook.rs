//! The company's copybooks, as they lie in `copybooks/` when this is built: the demo works wherever it is started.

use std::path::Path;
use std::sync::Arc;

use parsers::{
    CodePage, Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning, RecordFormat,
};

use crate::company::DataSet;
use crate::error::{Error, Kind, Result};

/// The capture configuration of the three data sets, the root's `capture.toml`.
pub const CAPTURE: &str = include_str!("../../../capture.toml");

impl DataSet {
    /// The copybook's text.
    pub fn copybook(self) -> &'static str {
        match self {
            DataSet::Material => include_str!("../../../copybooks/MATERIAL.cpy"),
            DataSet::Lot => include_str!("../../../copybooks/LOT.cpy"),
            DataSet::Order => include_str!("../../../copybooks/ORDER.cpy"),
        }
    }

    /// The text of its meaning file.
    pub fn meaning(self) -> &'static str {
        match self {
            DataSet::Material => include_str!("../../../copybooks/MATERIAL.meaning.toml"),
            DataSet::Lot => include_str!("../../../copybooks/LOT.meaning.toml"),
            DataSet::Order => include_str!("../../../copybooks/ORDER.meaning.toml"),
        }
    }

    /// The code page of its text.
    pub fn code_page(self) -> CodePage {
        match self {
            DataSet::Material | DataSet::Lot => CodePage::Cp037,
            DataSet::Order => CodePage::Cp1140,
        }
    }

    /// How its records lie in the file.
    pub fn record_format(self) -> RecordFormat {
        match self {
            DataSet::Material => RecordFormat::Fb { len: 200 },
            DataSet::Lot => RecordFormat::Vb,
            DataSet::Order => RecordFormat::Fb { len: 300 },
        }
    }

    /// Its layout.
    ///
    /// # Errors
    /// [`Kind::Config`] when the copybook or its meaning do not resolve.
    pub fn layout(self) -> Result<Arc<Layout>> {
        compile(
            self.name(),
            self.copybook(),
            self.meaning(),
            self.code_page(),
        )
    }
}

/// Writes `capture.toml`, for that Kafka, and the copybooks into a folder, so that every command works on it.
///
/// # Errors
/// [`Kind::Io`] when the folder cannot be written to.
pub fn write_configuration(folder: &Path, bootstrap: &str) -> Result<()> {
    let copybooks = folder.join("copybooks");
    std::fs::create_dir_all(&copybooks).map_err(Error::io("create", &copybooks))?;
    let write =
        |path: &Path, text: &str| std::fs::write(path, text).map_err(Error::io("write", path));
    for set in DataSet::ALL {
        write(
            &copybooks.join(format!("{}.cpy", set.name())),
            set.copybook(),
        )?;
        write(
            &copybooks.join(format!("{}.meaning.toml", set.name())),
            set.meaning(),
        )?;
    }
    let lines = CAPTURE
        .lines()
        .map(|line| match line.starts_with("bootstrap = ") {
            true => format!("bootstrap = \"{bootstrap}\"\n"),
            false => format!("{line}\n"),
        });
    write(&folder.join("capture.toml"), &lines.collect::<String>())
}

/// The layout of a copybook with its meaning.
pub(crate) fn compile(
    name: &str,
    copybook: &str,
    meaning: &str,
    code_page: CodePage,
) -> Result<Arc<Layout>> {
    let (file, sidecar) = (format!("{name}.cpy"), format!("{name}.meaning.toml"));
    let copybook = Copybook::parse(CopybookText {
        file: &file,
        text: copybook,
    })
    .map_err(|all| faults(&all))?;
    let meaning = Meaning::parse(&sidecar, meaning).map_err(|all| faults(&all))?;
    let options = LayoutOptions {
        code_page,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, Some(&meaning), &options).map_err(|all| faults(&all))
}

fn faults(faults: &[CopybookError]) -> Error {
    let lines = faults
        .iter()
        .map(|fault| format!("{}:{}: {fault}", fault.file(), fault.line()));
    Error::new(Kind::Config, lines.collect::<Vec<_>>().join("; "))
}
