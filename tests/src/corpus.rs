//! The public sample bank's data sets, through capture into topics: loaded whole, edited, cut, emptied and damaged.
//!
//! Runs on any Kafka. The data sets stay where they are ([`folder`]) and are not part of this repository; where they are
//! not there, nothing can be run, and the caller says so. What each topic must hold is computed here from the record
//! bytes and the edits made to them, never from what capture reports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cdc::{Capture, CaptureConfig, Choice, Decision, Mode, Observer, What};
use futures_util::future::try_join_all;
use kafka::{Incoming, Isolation, KafkaConfig, Reader};
use ops::shutdown::Shutdown;
use parsers::json::ShowResidue;
use parsers::{FieldKind, JsonOptions, Layout};
use serde_json::Value;

/// Name, record length, key, and more lines of its meaning file. The IMS unload and the export of five record types are
/// not fixed-length data sets of one record type and wait.
const DATA_SETS: &[(&str, usize, &[&str], &str)] = &[
    ("accdata", 300, &["ACCT-ID"], ""),
    ("acctdata", 300, &["ACCT-ID"], ""),
    ("carddata", 150, &["CARD-NUM"], ""),
    ("cardxref", 50, &["XREF-CARD-NUM"], ""),
    ("custdata", 500, &["CUST-ID"], ""),
    ("dailytran", 350, &["DALYTRAN-ID"], ""),
    // One record of low-values, as a job writes it to make the data set.
    (
        "dailytran_init",
        350,
        &["DALYTRAN-ID"],
        "[fields]\nDALYTRAN-CAT-CD = { null = \"low-values\" }\nDALYTRAN-AMT = { null = \"low-values\" }\n\
         DALYTRAN-MERCHANT-ID = { null = \"low-values\" }\n",
    ),
    ("discgrp", 50, &["DIS-GROUP-KEY"], ""),
    ("tcatbal", 50, &["TRAN-CAT-KEY"], ""),
    ("trancatg", 60, &["TRAN-CAT-KEY"], ""),
    ("trantype", 60, &["TRAN-TYPE"], ""),
    ("usrsec", 80, &["SEC-USR-ID"], ""),
];

/// The folder of the corpus, if it is there: `$FIGWAY_CORPUS`, or beside the repository.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var_os("FIGWAY_CORPUS").map_or(beside, PathBuf::from);
    folder.join("carddemo").is_dir().then_some(folder)
}

/// Plays all of it on that Kafka, with topics named after `prefix`. One line a data set, for whoever reads along.
///
/// # Errors
/// The first thing that is not as it must be.
pub async fn play(corpus: &Path, bootstrap: &str, prefix: &str) -> Result<Vec<String>> {
    let stage = Stage::new(corpus, bootstrap, prefix)?;
    let mut sets: Vec<Set> = stage.config.sources().iter().map(Set::new).collect();
    for (set, (name, len, ..)) in sets.iter_mut().zip(DATA_SETS) {
        let bytes = fs::read(corpus.join("carddemo").join(name).join("data.bin"))?;
        ensure!(
            bytes.len().is_multiple_of(*len),
            "{name} is no file of {len}-byte records"
        );
        set.records = bytes.chunks(*len).map(<[u8]>::to_vec).collect();
    }

    stage.capture(&mut sets, 1, Set::whole).await?;
    stage
        .look(&mut sets, |set| vec![("r", set.records.len())])
        .await
        .context("the first generation")?;

    sets.iter_mut().for_each(Set::edit);
    stage.capture(&mut sets, 2, Set::whole).await?;
    stage
        .look(&mut sets, Set::edits)
        .await
        .context("the edited generation")?;

    // Nothing of a cut or empty file may reach a topic; a person leaves it out.
    for (generation, name, spoil) in [
        (3, "a cut file", Set::cut as fn(&Set) -> Vec<u8>),
        (4, "an empty file", |_: &Set| Vec::new()),
    ] {
        stage.capture(&mut sets, generation, spoil).await?;
        stage.look(&mut sets, |_| Vec::new()).await.context(name)?;
        stage.leave_out(&sets, generation).await.context(name)?;
    }

    stage.capture(&mut sets, 5, Set::damaged_body).await?;
    stage
        .look(&mut sets, |_| Vec::new())
        .await
        .context("a damaged record")?;
    stage
        .dead_letters(&sets, 1, Set::body_to_damage)
        .await
        .context("a damaged record")?;

    stage.capture(&mut sets, 6, Set::damaged_key).await?;
    stage
        .look(&mut sets, |_| Vec::new())
        .await
        .context("a damaged key")?;
    stage
        .dead_letters(&sets, 2, Set::key_to_damage)
        .await
        .context("a damaged key")?;
    Ok(sets
        .iter()
        .map(|set| format!("{}: {} records", set.name, set.records.len()))
        .collect())
}

/// A capture configuration over all data sets, in a folder of its own.
struct Stage {
    folder: tempfile::TempDir,
    config: Arc<CaptureConfig>,
}

impl Stage {
    fn new(corpus: &Path, bootstrap: &str, prefix: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut text = format!(
            "version = 1\nprefix = \"{prefix}\"\n[kafka]\nbootstrap = \"{bootstrap}\"\n[state]\ndirectory = \"state\"\n"
        );
        for (name, len, key, more) in DATA_SETS {
            let copybook = corpus.join("carddemo").join(name).join("copybook.cpy");
            fs::copy(copybook, folder.path().join(format!("{name}.cpy")))?;
            let meaning = format!("version = 1\nkey = {key:?}\n{more}");
            fs::write(folder.path().join(format!("{name}.meaning.toml")), meaning)?;
            fs::create_dir(folder.path().join(name))?;
            // One of seven records is more than the 5 % that may vanish by default.
            text += &format!(
                "[[source]]\nname = \"{prefix}-{name}\"\nkind = \"dataset\"\ndirectory = \"{name}\"\npattern = \"G????V00\"\n\
                 copybook = \"{name}.cpy\"\nrecord_format = \"FB\"\nrecord_length = {len}\ncode_page = \"cp037\"\nsettle = \"0s\"\n\
                 max_deletes = \"20%\"\nmax_bad = \"20%\"\ntopic = {{ name = \"{prefix}.{name}\" }}\n"
            );
        }
        let file = folder.path().join("capture.toml");
        fs::write(&file, text)?;
        let config = CaptureConfig::read(&file).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        Ok(Self {
            folder,
            config: Arc::new(config),
        })
    }

    /// Writes a generation of every data set and captures until nothing is left to do.
    async fn capture(
        &self,
        sets: &mut [Set],
        generation: u32,
        bytes: impl Fn(&Set) -> Vec<u8>,
    ) -> Result<()> {
        for set in sets.iter() {
            let (_, name) = set.name.split_once('-').context("a prefix")?;
            fs::write(
                self.folder
                    .path()
                    .join(name)
                    .join(format!("G{generation:04}V00")),
                bytes(set),
            )?;
        }
        let capture = Capture::from_config(Arc::clone(&self.config));
        for ended in capture
            .run(&Shutdown::new(), Mode::Once, Observer::nobody())
            .await
        {
            ended.outcome.with_context(|| ended.source)?;
        }
        Ok(())
    }

    /// Compares each topic with its data set: the events since the last look, and what the topic comes to.
    async fn look(
        &self,
        sets: &mut [Set],
        expected: impl Fn(&Set) -> Vec<(&'static str, usize)>,
    ) -> Result<()> {
        let topics = sets.iter().map(|set| self.read(set.topic.clone()));
        let topics = try_join_all(topics).await?;
        for (set, records) in sets.iter_mut().zip(topics) {
            let mut counts = BTreeMap::new();
            for record in records.iter().skip(set.seen) {
                let op = match &record.value {
                    None => "tombstone".to_owned(),
                    Some(value) => {
                        let event: Value = serde_json::from_slice(value)?;
                        event["op"].as_str().context("an op")?.to_owned()
                    }
                };
                *counts.entry(op).or_insert(0) += 1;
            }
            set.seen = records.len();
            let expected: BTreeMap<_, _> = expected(set)
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(op, count)| (op.to_owned(), count))
                .collect();
            ensure!(
                counts == expected,
                "{}: wanted {expected:?}, the topic has {counts:?}",
                set.name
            );
            let (wanted, found) = (set.contents()?, set.folded(records)?);
            ensure!(
                wanted == found,
                "{}: {}",
                set.name,
                first_difference(&wanted, &found)
            );
        }
        Ok(())
    }

    /// Every source holds that generation as a whole; a person says to leave it out.
    async fn leave_out(&self, sets: &[Set], generation: u32) -> Result<()> {
        let decision = Decision {
            choice: Choice::Skip,
            who: "anna".into(),
            why: "the unload failed".into(),
        };
        let all = cdc::status(&self.config).await?;
        for (set, status) in sets.iter().zip(all) {
            let [held] = status.held.as_slice() else {
                anyhow::bail!("{} holds {:?}", set.name, status.held);
            };
            ensure!(
                held.what == What::Generation,
                "{} holds {:?}",
                set.name,
                held.what
            );
        }
        let generation = format!("G{generation:04}V00");
        let releases = sets
            .iter()
            .map(|set| cdc::release(&self.config, &set.name, &generation, &decision));
        try_join_all(releases).await?;
        Ok(())
    }

    /// Each data set that could be damaged so has `count` dead letters by now, the last with the damaged bytes.
    async fn dead_letters(
        &self,
        sets: &[Set],
        count: usize,
        damaged: impl Fn(&Set) -> Option<(usize, usize)>,
    ) -> Result<()> {
        let topics = sets
            .iter()
            .map(|set| self.read(format!("{}.dlq", set.topic)));
        let topics = try_join_all(topics).await?;
        for (set, letters) in sets.iter().zip(topics) {
            let Some((record, at)) = damaged(set) else {
                continue;
            };
            let before = if set.body_to_damage().is_some() {
                count
            } else {
                1
            };
            ensure!(
                letters.len() == before,
                "{}: {} dead letters, wanted {before}",
                set.name,
                letters.len()
            );
            let last = letters.last().context("a dead letter")?;
            let mut wanted = set.records[record].clone();
            wanted[at] = DAMAGE;
            ensure!(
                last.value.as_ref() == Some(&wanted),
                "{}: the dead letter has other bytes",
                set.name
            );
            ensure!(
                last.headers.len() > 5,
                "{}: the dead letter has no headers that explain it",
                set.name
            );
        }
        Ok(())
    }

    async fn read(&self, topic: String) -> Result<Vec<Incoming>> {
        Ok(Reader::new(&KafkaConfig::clone(self.config.kafka()))
            .read(&topic, Isolation::Committed)
            .await?)
    }
}

/// No digit in any position of a zoned number: a bell in EBCDIC.
const DAMAGE: u8 = 0x2F;

/// One data set: its records as they were last written whole, and how much of its topic was looked at.
struct Set {
    name: String,
    topic: String,
    layout: Arc<Layout>,
    records: Vec<Vec<u8>>,
    seen: usize,
}

impl Set {
    fn new(source: &Arc<cdc::SourceConfig>) -> Self {
        Self {
            name: source.name().to_owned(),
            topic: source.topic().to_owned(),
            layout: Arc::clone(source.layout()),
            records: Vec::new(),
            seen: 0,
        }
    }

    fn whole(&self) -> Vec<u8> {
        self.records.concat()
    }

    fn cut(&self) -> Vec<u8> {
        let mut bytes = self.whole();
        bytes.truncate(bytes.len() - self.layout.max_len() / 2);
        bytes
    }

    /// One record changed, one gone, one new; of a single record only a change and a new one.
    fn edit(&mut self) {
        let mut new = self.records[0].clone();
        for field in self.layout.key_fields() {
            // Nines in EBCDIC are a number nobody has and a text nobody has.
            new[field.offset()..field.offset() + field.len()].fill(0xF9);
        }
        let at = self.place_outside_key();
        // A digit, which is also text.
        self.records[0][at] = if self.records[0][at] == 0xF1 {
            0xF2
        } else {
            0xF1
        };
        if self.records.len() > 1 {
            self.records.remove(1);
        }
        self.records.push(new);
    }

    fn edits(set: &Set) -> Vec<(&'static str, usize)> {
        // What is left of one record and its edit is two.
        let gone = usize::from(set.records.len() > 2);
        vec![("c", 1), ("u", 1), ("d", gone), ("tombstone", gone)]
    }

    /// The first byte of a text or zoned number that is not in the key.
    fn place_outside_key(&self) -> usize {
        let key: Vec<_> = self
            .layout
            .key_fields()
            .map(|field| field.offset())
            .collect();
        let field = self.layout.fields().find(|field| {
            let shown = matches!(field.kind(), FieldKind::Text { .. }) || is_zoned(field);
            shown && !field.is_filler() && !key.contains(&field.offset())
        });
        field
            .expect("every data set has a text or a number outside its key")
            .offset()
    }

    /// The second record and a byte of a number outside its key, where the layout has one.
    fn body_to_damage(&self) -> Option<(usize, usize)> {
        let key: Vec<_> = self
            .layout
            .key_fields()
            .map(|field| field.offset())
            .collect();
        let number = self
            .layout
            .fields()
            .find(|field| is_zoned(field) && !key.contains(&field.offset()))?;
        (self.records.len() > 4).then_some((1, number.offset()))
    }

    /// The third record and a byte of a number in its key, where the key has one.
    fn key_to_damage(&self) -> Option<(usize, usize)> {
        let number = self.layout.key_fields().find(|field| is_zoned(field))?;
        (self.records.len() > 4).then_some((2, number.offset()))
    }

    fn damaged_body(&self) -> Vec<u8> {
        self.damaged(self.body_to_damage())
    }

    fn damaged_key(&self) -> Vec<u8> {
        self.damaged(self.key_to_damage())
    }

    fn damaged(&self, place: Option<(usize, usize)>) -> Vec<u8> {
        let mut records = self.records.clone();
        if let Some((record, at)) = place {
            records[record][at] = DAMAGE;
        }
        records.concat()
    }

    /// Every record as the values it has.
    fn contents(&self) -> Result<Vec<String>> {
        let mut all = self
            .records
            .iter()
            .map(|record| self.values(record))
            .collect::<Result<Vec<_>>>()?;
        all.sort();
        Ok(all)
    }

    /// What the topic comes to, read back into records, as the values they have.
    fn folded(&self, records: Vec<Incoming>) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for event in kafka::fold(records).values() {
            let event: Value = serde_json::from_slice(event)?;
            let record = self
                .layout
                .read_json(event["after"].to_string().as_bytes())?;
            all.push(self.values(&record)?);
        }
        all.sort();
        Ok(all)
    }

    fn values(&self, record: &[u8]) -> Result<String> {
        let options = JsonOptions {
            residue: ShowResidue::Omit,
            ..JsonOptions::default()
        };
        let mut json = Vec::new();
        self.layout.write_json_with(record, &options, &mut json)?;
        Ok(String::from_utf8(json)?)
    }
}

fn is_zoned(field: &parsers::Field) -> bool {
    matches!(field.kind(), FieldKind::Number { .. })
        && field
            .usage()
            .is_none_or(|usage| usage == parsers::copybook::Usage::Display)
}

fn first_difference(wanted: &[String], found: &[String]) -> String {
    let pair = wanted
        .iter()
        .zip(found)
        .find(|(wanted, found)| wanted != found);
    match pair {
        Some((wanted, found)) => format!("wanted {wanted}, the topic comes to {found}"),
        None => format!(
            "wanted {} records, the topic comes to {}",
            wanted.len(),
            found.len()
        ),
    }
}
