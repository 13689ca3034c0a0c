//! Random records: their text, and a value for each field that a MOVE can put there.

use super::Setting;
use super::random::Random;

/// SIGN clauses of a group.
const SIGNS: &[&str] = &[
    "SIGN LEADING",
    "SIGN IS TRAILING",
    "SIGN TRAILING SEPARATE",
    "SIGN LEADING SEPARATE CHARACTER",
];

/// What a MOVE puts into a field, as a COBOL literal.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A number, read back as this.
    Number(String),
    /// A number with a binary fraction, for floating point.
    Float(String),
    Text(String),
    /// Moved as it is; only the bytes' place counts (edited pictures are judged elsewhere).
    Edited(String),
    /// No MOVE goes there (INDEX, POINTER).
    None,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) level: u32,
    /// All clauses but OCCURS and REDEFINES.
    pub(super) clauses: String,
    pub(super) redefines: Option<String>,
    /// Fewest and most occurrences, and the counter.
    pub(super) occurs: Option<(u32, u32, Option<String>)>,
    pub(super) value: Value,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn synchronized(&self) -> bool {
        self.clauses.contains("SYNC")
    }

    /// A signed number in DISPLAY.
    pub(super) fn zoned(&self) -> bool {
        let others = ["COMP", "BINARY", "PACKED"];
        self.clauses.starts_with("PIC S") && !others.iter().any(|word| self.clauses.contains(word))
    }

    /// PIC N.
    pub(super) fn national(&self) -> bool {
        self.clauses.contains("PIC N")
    }

    /// A table that varies.
    pub(super) fn varies(&self) -> bool {
        matches!(self.occurs, Some((_, _, Some(_))))
    }

    /// A table in which others vary.
    pub(super) fn nests(&self) -> bool {
        self.is_table() && self.children.iter().any(|child| child.any(Node::varies))
    }

    pub(super) fn is_table(&self) -> bool {
        self.occurs.is_some()
    }

    /// A packed item whose picture has a P.
    pub(super) fn packed_with_p(&self) -> bool {
        let packed = ["COMP-3", "PACKED-DECIMAL", "COMP-6"];
        self.clauses.contains("P(") && packed.iter().any(|usage| self.clauses.ends_with(usage))
    }

    /// Whether it or anything below it is such.
    pub(super) fn any(&self, wanted: fn(&Node) -> bool) -> bool {
        wanted(self) || self.children.iter().any(|child| child.any(wanted))
    }
}

/// A record and the counts its ODO tables have.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) root: Node,
    /// Level 66.
    pub(super) renames: Vec<Node>,
    pub(super) counts: Vec<(String, u32)>,
    /// What we read, where GnuCOBOL is asked for one view of each place of it.
    pub(super) written: Option<String>,
}

impl Record {
    /// What we read: the same as GnuCOBOL, unless it has redefinitions among what slides.
    pub(super) fn ours(&self) -> String {
        self.written.clone().unwrap_or_else(|| self.text())
    }

    /// What GnuCOBOL reads.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        lines(&self.root, &mut out);
        for entry in &self.renames {
            lines(entry, &mut out);
        }
        out
    }
}

fn lines(node: &Node, out: &mut String) {
    let mut clauses = Vec::new();
    if let Some(target) = &node.redefines {
        clauses.push(format!("REDEFINES {target}"));
    }
    match &node.occurs {
        Some((_, most, None)) => clauses.push(format!("OCCURS {most}")),
        Some((fewest, most, Some(count))) => {
            clauses.push(format!("OCCURS {fewest} TO {most} DEPENDING ON {count}"));
        }
        None => {}
    }
    if !node.clauses.is_empty() {
        clauses.push(node.clauses.clone());
    }
    let mut line = format!("           {:02} {}", node.level, node.name);
    for clause in clauses {
        // Short lines: the text ends in column 72.
        if line.len() - line.rfind('\n').unwrap_or(0) + clause.len() > 64 {
            line.push_str("\n              ");
        }
        line.push(' ');
        line.push_str(&clause);
    }
    out.push_str(&line);
    out.push_str(".\n");
    for child in &node.children {
        lines(child, out);
    }
}

/// GnuCOBOL 3.1 forgets the boundary of a table's occurrences where another group stands inside it: no SYNC there.
pub(super) fn settle(node: &mut Node, mut bare: bool) {
    bare |= node.is_table() && node.children.iter().any(|child| !child.children.is_empty());
    if bare {
        node.clauses = node.clauses.replace(" SYNC", "");
    }
    // GnuCOBOL 3.1 ends at SIGN of a group that has other members than numbers in DISPLAY.
    if !node.children.is_empty() && node.clauses.contains("SIGN") && !node.any(Node::zoned) {
        node.clauses.clear();
    }
    for child in &mut node.children {
        settle(child, bare);
    }
}

/// What level 66 may name below a group: no tables, nor what is in them, nor redefinitions. Each with the number of the
/// first one that is not within it.
fn renamed<'a>(group: &'a Node, found: &mut Vec<(&'a Node, usize)>) {
    for child in &group.children {
        if !child.is_table() && child.redefines.is_none() {
            let at = found.len();
            found.push((child, 0));
            renamed(child, found);
            found[at].1 = found.len();
        }
    }
}

pub(super) struct Generator<'a> {
    pub(super) random: &'a mut Random,
    pub(super) setting: &'a Setting,
    /// Number of the record: names are unique in the whole program.
    pub(super) record: usize,
    named: usize,
    counts: Vec<(String, u32)>,
}

impl<'a> Generator<'a> {
    pub(super) fn record(random: &'a mut Random, setting: &'a Setting, record: usize) -> Record {
        let mut generator = Generator {
            random,
            setting,
            record,
            named: 0,
            counts: Vec::new(),
        };
        let mut root = Node {
            name: format!("R{record}"),
            level: 1,
            clauses: String::new(),
            redefines: None,
            occurs: None,
            value: Value::None,
            children: Vec::new(),
        };
        if setting.tables_vary {
            for _ in 0..generator.random.between(1, 2) {
                let counter = generator.counter(5);
                root.children.push(counter);
            }
        }
        let members = generator.random.between(2, 7);
        for _ in 0..members {
            let child = generator.item(5, false, None, false);
            generator.add(&mut root.children, child, false);
        }
        settle(&mut root, false);
        let renames = generator.renames(&root);
        let counts = generator.counts;
        Record {
            root,
            renames,
            counts,
            written: None,
        }
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("F{}-{}", self.record, self.named)
    }

    /// A field that counts a table's occurrences.
    fn counter(&mut self, level: u32) -> Node {
        let name = self.name();
        let usage = self.random.one_of(&["", " COMP", " COMP-3", " COMP-5"]);
        let count = self.random.between(1, 4);
        self.counts.push((name.clone(), count));
        Node {
            name,
            level,
            clauses: format!("PIC 9(2){usage}"),
            redefines: None,
            occurs: None,
            value: Value::None,
            children: Vec::new(),
        }
    }

    /// Puts an item behind its brothers, at times as a REDEFINES of the last one with storage of its own.
    fn add(&mut self, brothers: &mut Vec<Node>, mut child: Node, in_table: bool) {
        let redefinable = brothers
            .iter()
            .rev()
            .find(|brother| brother.redefines.is_none())
            .filter(|last| last.occurs.is_none() && !self.is_counter(&last.name))
            .filter(|last| {
                // GnuCOBOL leaves redefined synchronized items out where it aligns occurrences.
                // What is redefined, or redefines, has one length (Language Reference, "REDEFINES clause").
                let varies = last.any(Node::varies) || child.any(Node::varies);
                let synchronized = last.any(Node::synchronized) || child.any(Node::synchronized);
                let table = in_table || last.any(Node::is_table) || child.any(Node::is_table);
                !(varies || synchronized && table)
            })
            .map(|last| last.name.clone());
        if let Some(target) = redefinable
            && self.random.once_in(6)
        {
            child.redefines = Some(target);
        }
        brothers.push(child);
    }

    /// Level 66 entries: of one item, or from one to a later one that is not within it.
    fn renames(&mut self, root: &Node) -> Vec<Node> {
        let mut items = Vec::new();
        renamed(root, &mut items);
        // GnuCOBOL has places behind varying tables otherwise where there are level 66 entries.
        // It refuses pointers in them, and forgets BLANK WHEN ZERO.
        let other = |node: &Node| {
            ["POINTER", "BLANK"]
                .iter()
                .any(|word| node.clauses.contains(word))
        };
        if self.setting.tables_vary
            || root.any(other)
            || items.is_empty()
            || !self.random.once_in(2)
        {
            return Vec::new();
        }
        let entries = 1..=self.random.between(1, 2);
        let entry = |_| {
            let mut pick = || self.random.between(0, items.len() as u32 - 1) as usize;
            let (one, other) = (pick(), pick());
            let (from, to) = (one.min(other), one.max(other));
            let (first, last) = (items[from].0, items[to].0);
            // Those within the first stand right after it, up to where it ends.
            let alone = to < items[from].1;
            // GnuCOBOL 3.1 ends at another name for an item without a picture.
            if alone && first.children.is_empty() && !first.clauses.contains("PIC") {
                return None;
            }
            let clauses = if alone {
                format!("RENAMES {}", first.name)
            } else {
                format!("RENAMES {} THRU {}", first.name, last.name)
            };
            Some(Node {
                name: self.name(),
                level: 66,
                clauses,
                redefines: None,
                occurs: None,
                value: Value::None,
                children: Vec::new(),
            })
        };
        entries.filter_map(entry).collect()
    }

    fn is_counter(&self, name: &str) -> bool {
        self.counts.iter().any(|(counter, _)| counter == name)
    }

    fn item(
        &mut self,
        level: u32,
        in_table: bool,
        inherited: Option<&'static str>,
        first: bool,
    ) -> Node {
        let deepest = level >= 20;
        if deepest || !self.random.once_in(3) {
            return self.elementary(level, inherited, first);
        }
        let name = self.name();
        let usage = match inherited {
            None if self.random.once_in(6) => {
                Some(self.random.one_of(&["COMP-3", "COMP", "COMP-5", "BINARY"]))
            }
            other => other,
        };
        let sign = usage.is_none() && self.random.once_in(6);
        let sign = sign.then(|| self.random.one_of(SIGNS));
        let members = if sign.is_some() {
            Some("DISPLAY")
        } else {
            usage
        };
        let varies = self.setting.tables_vary && self.random.once_in(2);
        let counter = varies.then(|| {
            let at = self.random.between(0, self.counts.len() as u32 - 1);
            self.counts[at as usize].clone()
        });
        let occurs = match counter {
            Some((counter, count)) if !in_table || self.setting.tables_nest => {
                let more = self.random.between(1, 3);
                Some((1, count + more, Some(counter)))
            }
            _ if self.random.once_in(3) => {
                let most = self.random.between(2, 4);
                Some((most, most, None))
            }
            _ => None,
        };
        let mut node = Node {
            name,
            level,
            clauses: match (usage, inherited) {
                (Some(usage), None) => usage.to_owned(),
                _ => sign.unwrap_or_default().to_owned(),
            },
            redefines: None,
            occurs,
            value: Value::None,
            children: Vec::new(),
        };
        let in_table = in_table || node.occurs.is_some();
        for _ in 0..self.random.between(1, 4) {
            let first = node.children.is_empty();
            let child = self.item(level + 5, in_table, members, first);
            self.add(&mut node.children, child, in_table);
        }
        node
    }

    fn elementary(&mut self, level: u32, inherited: Option<&'static str>, first: bool) -> Node {
        let name = self.name();
        let (clauses, value) = match inherited {
            Some(usage) => self.number(usage, true, first),
            None if self.random.once_in(3) => self.characters(),
            None => {
                let usage = self.random.one_of(self.setting.usages);
                self.number(usage, false, first)
            }
        };
        let occurs = self.random.once_in(7).then(|| {
            let most = self.random.between(2, 3);
            (most, most, None)
        });
        Node {
            name,
            level,
            clauses,
            redefines: None,
            occurs,
            value,
            children: Vec::new(),
        }
    }
}
