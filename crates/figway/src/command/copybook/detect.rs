//! `figway copybook detect`: the record format of a file, and what happened to it in transfer.
//!
//! In: the first bytes of a file and perhaps a copybook. Out: a table or JSON; exit code 0 when a format fits and
//! nothing is damaged, else 1.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use parsers::detect::{self, Detected, Fit, Sample};
use parsers::{CodePage, Layout};
use serde_json::{Value, json};

use super::read;
use crate::args;
use crate::figures::grouped;
use crate::files::Input;
use crate::terminal::Terminal;

pub(super) fn run(
    data: &Path,
    copybook: Option<args::CopybookArgs>,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let layouts = match copybook {
        Some(args) => layouts(args, terminal)?,
        None => Vec::new(),
    };
    let mut bytes = Vec::new();
    // One byte more says whether there is more.
    let most = u64::try_from(Sample::BYTES)?.saturating_add(1);
    Input::open(data, terminal)?
        .take(most)
        .read_to_end(&mut bytes)?;
    let size = if bytes.len() > Sample::BYTES {
        bytes.truncate(Sample::BYTES);
        let there = terminal.path(data).metadata();
        let file = there.ok().filter(std::fs::Metadata::is_file);
        file.map(|file| file.len())
    } else {
        Some(u64::try_from(bytes.len())?)
    };
    let sample = Sample {
        bytes: &bytes,
        size,
    };
    let detected = detect::detect(sample, &layouts);
    if as_json {
        let shown = serde_json::to_string_pretty(&shown(data, sample, &detected))?;
        terminal.say(shown)?;
    } else {
        table(data, sample, &detected, !layouts.is_empty(), terminal)?;
    }
    Ok(if detected.is_sound() {
        crate::HELD
    } else {
        crate::FAILED
    })
}

/// The copybook in its code page, and in one of the other side for files that were translated.
fn layouts(args: args::CopybookArgs, terminal: &Terminal) -> anyhow::Result<Vec<Arc<Layout>>> {
    let first = read(&args, terminal)?;
    let other = if first.code_page().is_ebcdic() {
        CodePage::Iso8859_1
    } else {
        CodePage::Cp037
    };
    let args = args::CopybookArgs {
        code_page: other.name().to_owned(),
        ..args
    };
    let mut layouts = vec![first];
    // Literals of the copybook that the other page does not have are no fault of it.
    layouts.extend(read(&args, terminal).ok());
    Ok(layouts)
}

fn table(
    data: &Path,
    sample: Sample<'_>,
    detected: &Detected,
    with_copybook: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let size = match sample.size {
        Some(size) => format!("{} bytes", grouped(size)),
        None => "a pipe".to_owned(),
    };
    let part = if sample.is_whole() {
        ""
    } else {
        ", of which the first 8 MiB were looked at"
    };
    terminal.say(format_args!("{}: {size}{part}", data.display()))?;
    if !detected.candidates.is_empty() {
        let page = detected
            .page
            .as_ref()
            .map_or_else(String::new, |page| format!(", {page}"));
        terminal.say(format_args!("text: {}{page}\n", detected.side))?;
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["RECORD FORMAT", "FITS", "WHY"]);
        for candidate in &detected.candidates {
            table.add_row([
                candidate.framing.to_string(),
                candidate.fit.name().to_owned(),
                candidate.reason.clone(),
            ]);
        }
        terminal.say(table.trim_fmt())?;
        terminal.say("")?;
    }
    terminal.say(detected.verdict())?;
    for finding in &detected.findings {
        terminal.say(format_args!("  {finding}"))?;
    }
    if let Some(best) = detected.best().filter(|best| best.fit == Fit::Fits) {
        terminal.say(format_args!("  record_format = \"{}\"", best.framing))?;
    }
    if !with_copybook && !detected.candidates.is_empty() {
        terminal.say(
            "  only borders of records were looked at: --copybook tells whether they are records",
        )?;
    }
    Ok(())
}

fn shown(data: &Path, sample: Sample<'_>, detected: &Detected) -> Value {
    let candidates: Vec<Value> = detected
        .candidates
        .iter()
        .map(|candidate| {
            json!({
                "record_format": candidate.framing.to_string(),
                "fit": candidate.fit.name(),
                "records": candidate.records,
                "tried": candidate.tried,
                "decoded": candidate.decoded,
                "why": candidate.reason,
            })
        })
        .collect();
    let findings: Vec<Value> = detected
        .findings
        .iter()
        .map(|finding| json!({ "kind": finding.name(), "message": finding.to_string() }))
        .collect();
    let pages = detected.page.as_ref().map(|page| {
        let names: Vec<&str> = page.pages.iter().map(|page| page.name()).collect();
        json!({ "likely": names, "letters": page.letters })
    });
    json!({
        "file": data.display().to_string(),
        "bytes": sample.size,
        "looked_at": sample.bytes.len(),
        "text": detected.side.to_string(),
        "code_pages": pages,
        "verdict": detected.verdict(),
        "record_format": detected.best().map(|best| best.framing.to_string()),
        "sound": detected.is_sound(),
        "formats": candidates,
        "findings": findings,
    })
}
