//! Random records: their text, and a value for each field that a MOVE can put there.

use super::Setting;
use super::random::Random;

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
    pub(super) counts: Vec<(String, u32)>,
}

impl Record {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        lines(&self.root, &mut out);
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
fn settle(node: &mut Node, mut bare: bool) {
    bare |= node.is_table() && node.children.iter().any(|child| !child.children.is_empty());
    if bare {
        node.clauses = node.clauses.replace(" SYNC", "");
    }
    for child in &mut node.children {
        settle(child, bare);
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
        let counts = generator.counts;
        Record { root, counts }
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
                let synchronized = last.any(Node::synchronized) || child.any(Node::synchronized);
                let table = in_table || last.any(Node::is_table) || child.any(Node::is_table);
                !(synchronized && table)
            })
            .map(|last| last.name.clone());
        if let Some(target) = redefinable
            && !self.setting.tables_vary
            && self.random.once_in(6)
        {
            child.redefines = Some(target);
        }
        brothers.push(child);
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
                _ => String::new(),
            },
            redefines: None,
            occurs,
            value: Value::None,
            children: Vec::new(),
        };
        let in_table = in_table || node.occurs.is_some();
        for _ in 0..self.random.between(1, 4) {
            let first = node.children.is_empty();
            let child = self.item(level + 5, in_table, usage, first);
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
