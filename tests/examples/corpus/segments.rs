//! Record types as the peer's options name them: REDEFINES groups that are segments, their ids and parents.
//!
//! In: items and the options `redefine_segment_id_map:n`, `segment-children:n`, `segment_field`, `segment_id_levelN`,
//! `segment_id_root`, `segment_id_prefix`, `segment_filter`. Out: marks on the items, and [`Levels`], which counts.

use anyhow::{Result, bail, ensure};

use super::item::Item;
use super::options::Options;

/// Marks segments and their parents.
pub fn mark(items: &mut [Item], options: &Options) -> Result<()> {
    let mut wanted: Vec<String> = Vec::new();
    for (_, name) in options.segment_redefines()? {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let parents = options.segment_parents()?;
    cycles(&parents)?;
    if !wanted.is_empty() {
        let mut marking = Marking {
            wanted: &wanted,
            found: Vec::new(),
            place: Place::Before,
        };
        let flat = items.iter().any(|item| !item.is_group());
        if flat {
            marking.members(items)?;
        } else {
            for item in items.iter_mut() {
                marking.members(&mut item.children)?;
            }
        }
        let missing: Vec<&String> = wanted
            .iter()
            .filter(|name| !marking.found.iter().any(|found| same(found, name)))
            .collect();
        ensure!(
            missing.is_empty(),
            "segment redefines not found: {missing:?}"
        );
    }
    if !parents.is_empty() {
        let mut all = Vec::new();
        items.iter().for_each(|item| {
            item.each(&mut |item| all.extend(item.segment.then(|| item.name.clone())));
        });
        let mut roots = Vec::new();
        set_parents(items, &parents, &all, &mut roots)?;
        ensure!(
            roots.len() == 1,
            "wanted one root segment, found {}: {roots:?}",
            roots.len()
        );
    }
    Ok(())
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A segment may not be below itself.
fn cycles(parents: &[(String, String)]) -> Result<()> {
    for (child, _) in parents {
        let mut at = child.as_str();
        let mut seen = vec![at];
        while let Some((_, parent)) = parents.iter().find(|(child, _)| same(child, at)) {
            at = parent.as_str();
            if seen.iter().any(|other| same(other, at)) {
                bail!("segments below themselves: {seen:?}");
            }
            seen.push(at);
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Before,
    Inside,
    After,
}

/// Segments stand next to each other in one group.
struct Marking<'w> {
    wanted: &'w [String],
    found: Vec<String>,
    place: Place,
}

impl Marking<'_> {
    fn step(&mut self, name: &str, segment: bool) -> Result<()> {
        self.place = match (self.place, segment) {
            (Place::Before, true) => Place::Inside,
            (Place::Inside, false) => Place::After,
            (Place::After, true) => {
                bail!("{name} is a segment away from the group of the others")
            }
            (place, _) => place,
        };
        Ok(())
    }

    fn members(&mut self, items: &mut [Item]) -> Result<()> {
        let alone = self.wanted.len() == 1;
        for item in items {
            if !item.is_group() {
                self.step(&item.name, false)?;
                continue;
            }
            let view = alone || item.redefined || item.redefines.is_some();
            if view && self.wanted.iter().any(|name| same(name, &item.name)) {
                ensure!(
                    !self.found.contains(&item.name),
                    "segment {} twice",
                    item.name
                );
                ensure!(
                    self.place != Place::Inside || item.redefines.is_some(),
                    "segment {} neither redefines nor is redefined",
                    item.name
                );
                self.step(&item.name, true)?;
                self.found.push(item.name.clone());
                item.segment = true;
            } else {
                let among = self.place == Place::Inside && item.redefines.is_some();
                self.step(&item.name, among)?;
                if self.place == Place::Before {
                    self.members(&mut item.children)?;
                }
            }
        }
        Ok(())
    }
}

fn set_parents(
    items: &mut [Item],
    parents: &[(String, String)],
    segments: &[String],
    roots: &mut Vec<String>,
) -> Result<()> {
    for item in items.iter_mut().filter(|item| item.is_group()) {
        let parent = parents.iter().find(|(child, _)| same(child, &item.name));
        if !item.segment {
            ensure!(
                parent.is_none(),
                "{} has a parent and is no segment",
                item.name
            );
            set_parents(&mut item.children, parents, segments, roots)?;
            continue;
        }
        match parent {
            Some((_, parent)) => {
                let known = segments.iter().find(|segment| same(segment, parent));
                let Some(known) = known else {
                    bail!("{parent}, the parent of {}, is no segment", item.name)
                };
                item.parent = Some(known.clone());
            }
            None => roots.push(item.name.clone()),
        }
    }
    Ok(())
}

/// What a data set's segment ids mean.
#[derive(Debug, Default)]
pub struct Segments {
    /// The field that holds the id.
    pub field: Option<String>,
    /// Id and segment.
    pub redefines: Vec<(String, String)>,
    /// Ids whose records are shown; all without it.
    pub filter: Option<Vec<String>>,
    /// Ids of each level, outermost first.
    pub levels: Vec<Vec<String>>,
    pub prefix: String,
}

impl Segments {
    pub fn of(options: &Options) -> Result<Segments> {
        let Some(field) = options.text("segment_field") else {
            return Ok(Segments::default());
        };
        let ids = |text: &str| text.split(',').map(|id| id.trim().to_owned()).collect();
        let mut levels: Vec<Vec<String>> = Vec::new();
        for number in 0.. {
            let own = options.text(&format!("segment_id_level{number}"));
            let root = options.text("segment_id_root").filter(|_| number == 0);
            match own.or(root) {
                Some(text) => levels.push(ids(text)),
                None => break,
            }
        }
        for (number, level) in levels.iter().enumerate() {
            let others = levels
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != number);
            for (_, other) in others {
                let both = level.iter().find(|id| other.contains(id));
                ensure!(both.is_none(), "segment id {both:?} on two levels");
            }
            let any = level.iter().any(|id| id == "_" || id == "*");
            ensure!(
                !any || (number + 1 == levels.len() && level.len() == 1),
                "any segment id but on the last level, or beside others: {level:?}"
            );
        }
        Ok(Segments {
            field: Some(field.to_owned()),
            redefines: options.segment_redefines()?,
            filter: options
                .text("segment_filter")
                .map(|text| text.split(',').map(str::to_owned).collect()),
            levels,
            prefix: options
                .text("segment_id_prefix")
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// The segment of an id.
    pub fn redefine(&self, id: &str) -> Option<&str> {
        self.redefines
            .iter()
            .find(|(own, _)| own == id)
            .map(|(_, name)| name.as_str())
    }
}

/// The generated ids of segments: which root they belong to and their number on their level.
#[derive(Debug)]
pub struct Levels<'s> {
    segments: &'s Segments,
    file: usize,
    current: Option<usize>,
    root: String,
    counts: Vec<u64>,
}

impl<'s> Levels<'s> {
    /// For one file.
    pub fn new(segments: &'s Segments, file: usize) -> Levels<'s> {
        Levels {
            segments,
            file,
            current: None,
            root: String::new(),
            counts: vec![0; segments.levels.len()],
        }
    }

    /// Takes the next record's segment id; gives the ids of its levels.
    pub fn next(&mut self, id: &str, record: u64) -> Vec<Option<String>> {
        let holds = |ids: &Vec<String>| ids.iter().any(|own| own == id || own == "_" || own == "*");
        if let Some(level) = self.segments.levels.iter().position(holds) {
            self.current = Some(level);
            if level == 0 {
                self.root = format!("{}_{}_{record}", self.segments.prefix, self.file);
                self.counts.fill(0);
            } else if let Some(count) = self.counts.get_mut(level) {
                *count += 1;
            }
        }
        (0..self.segments.levels.len())
            .map(|level| {
                let reached = self.current.is_some_and(|current| level <= current);
                reached.then(|| match level {
                    0 => self.root.clone(),
                    _ => format!("{}_L{level}_{}", self.root, self.counts[level]),
                })
            })
            .collect()
    }
}
