//! The cases below a folder.
//!
//! In: a folder of any depth. Out: every [`Case`] in it, in order of their paths: a folder with a copybook is one.
//! A folder `cobrix_replay` inside a case is that case's second answer, not a case of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::json::Json;
use super::options::Options;

/// What one case gives and wants.
#[derive(Debug)]
pub struct Case {
    /// Path below the folder that was asked for.
    pub name: String,
    pub folder: PathBuf,
    /// Text and file name of each copybook, in order.
    pub copybooks: Vec<(String, String)>,
    pub options: Options,
    /// It needs code of the peer's language.
    pub custom_class: bool,
}

/// Every case below `folder`.
pub fn find(folder: &Path) -> Result<Vec<Case>> {
    let mut folders = Vec::new();
    collect(folder, &mut folders)?;
    folders.sort();
    let root = folder;
    folders
        .iter()
        .map(|folder| {
            Case::read(root, folder).with_context(|| format!("reading {}", folder.display()))
        })
        .collect()
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("copybook.cpy").is_file() {
        out.push(folder.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("opening {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, out)?;
        }
    }
    Ok(())
}

impl Case {
    fn read(root: &Path, folder: &Path) -> Result<Case> {
        let below = folder.strip_prefix(root).unwrap_or(folder);
        let name = match below.to_string_lossy() {
            whole if whole.is_empty() => folder.file_name().unwrap_or_default().to_string_lossy(),
            below => below,
        };
        let mut copybooks = vec![(
            "copybook.cpy".to_owned(),
            text(&folder.join("copybook.cpy"))?,
        )];
        for number in 1.. {
            let file = format!("copybook{number}.cpy");
            let path = folder.join(&file);
            if !path.is_file() {
                break;
            }
            copybooks.push((file, text(&path)?));
        }
        let about = match folder.join("case.json") {
            path if path.is_file() => Json::parse(&text(&path)?)?,
            _ => Json::Null,
        };
        Ok(Case {
            name: name.into_owned(),
            options: options(folder, &about)?,
            custom_class: about.get("needs_custom_class") == Some(&Json::Bool(true)),
            folder: folder.to_owned(),
            copybooks,
        })
    }

    /// One of its files, if it is there.
    pub fn file(&self, name: &str) -> Result<Option<String>> {
        let path = self.folder.join(name);
        path.is_file().then(|| text(&path)).transpose()
    }

    /// One of its files as bytes, if it is there.
    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        Ok(path.is_file().then(|| fs::read(&path)).transpose()?)
    }

    /// Its second answer, if it has one.
    pub fn second(&self) -> Result<Option<Case>> {
        let folder = self.folder.join("cobrix_replay");
        let case = folder
            .is_dir()
            .then(|| Case::read(&self.folder, &folder))
            .transpose()?;
        Ok(case)
    }

    /// Its data files with their names, in order: `data.bin`, or all below `data/`.
    pub fn data(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let folder = self.folder.join("data");
        let mut paths = Vec::new();
        if folder.is_dir() {
            below(&folder, &mut paths)?;
        }
        if paths.is_empty() {
            paths.push(self.folder.join("data.bin"));
        }
        // Numbers were put in front of the names; the peer read them in the order of their own.
        let own = |path: &PathBuf| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let own = name
                .split_once('_')
                .filter(|(number, _)| number.parse::<u32>().is_ok());
            own.map_or(name.clone(), |(_, own)| own.to_owned())
        };
        paths.sort();
        paths.sort_by_key(own);
        paths
            .into_iter()
            .map(|path| {
                let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Ok((name.into_owned(), bytes))
            })
            .collect()
    }
}

fn below(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, out)?;
        } else {
            out.push(path);
        }
    }
    Ok(())
}

fn options(folder: &Path, about: &Json) -> Result<Options> {
    let line = folder.join("opts.txt");
    if line.is_file() {
        return Options::of_line(&text(&line)?);
    }
    let table = folder.join("options.tsv");
    if !table.is_file() {
        return Ok(about
            .get("options")
            .map(Options::of_json)
            .unwrap_or_default());
    }
    let mut options = Options::default();
    for line in text(&table)?.lines() {
        if let Some((name, value)) = line.split_once('\t') {
            options.set(name, value);
        }
    }
    Ok(options)
}

/// A file as text; bytes that are no UTF-8 are taken as Latin-1, as copybooks have them.
fn text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .into_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    }))
}
