//! Copybooks with every usage, views, counted tables anywhere, names that are there twice.

use super::{Dice, Kind, Named};

const fn whole(digits: usize) -> Kind {
    let whole = true;
    Kind::Number { digits, whole }
}

const fn number(digits: usize) -> Kind {
    let whole = false;
    Kind::Number { digits, whole }
}

const fn text(chars: usize) -> Kind {
    Kind::Text { chars }
}

/// What may be behind a name, and what it is.
const CLAUSES: [(&str, Kind); 54] = [
    ("PIC X(3)", text(3)),
    ("PIC 9(2)", whole(2)),
    ("PIC S9(2)", whole(2)),
    ("PIC X", text(1)),
    ("PIC S9(3) COMP-3", whole(3)),
    ("PIC 9(4) COMP", whole(4)),
    ("PIC S9(5) COMP-5", whole(5)),
    ("PIC S9(4) BINARY SYNC", whole(4)),
    ("PIC S9(9) COMP SYNC", whole(9)),
    ("PIC ZZ9", Kind::Other),
    ("PIC -9.9", Kind::Other),
    ("PIC $$,$$9.99CR", Kind::Other),
    ("PIC *(5)9.99DB", Kind::Other),
    ("PIC 9B9/90", Kind::Other),
    ("PIC +(4)9.99", Kind::Other),
    ("PIC +9.9E+99", Kind::Other),
    ("PIC 9(2)V9", number(3)),
    ("PIC S9(2) SIGN LEADING SEPARATE", whole(2)),
    ("PIC S9(3) SIGN TRAILING SEPARATE", whole(3)),
    ("PIC S9(3) SIGN LEADING", whole(3)),
    ("PIC 9(3) COMP-3", whole(3)),
    ("PIC S9(4) COMP-3", whole(4)),
    ("PIC S9(4)V99 COMP-3", number(6)),
    ("PIC N(2)", Kind::Other),
    ("PIC U(2)", Kind::Other),
    ("PIC G(2) DISPLAY-1", Kind::Other),
    ("PIC X(2)", text(2)),
    ("PIC 9P", Kind::Other),
    ("PIC SVPP99", Kind::Other),
    ("PIC SPPP9(3) COMP-3", Kind::Other),
    ("PIC 9(3)PPP", Kind::Other),
    ("PIC 9(3) COMP-6", whole(3)),
    ("PIC 9(3) COMP-X", whole(3)),
    ("PIC X(2) COMP-X", Kind::Other),
    ("PIC 9(3) BLANK WHEN ZERO", whole(3)),
    ("PIC A(2)", text(2)),
    ("PIC X(4) JUST RIGHT", text(4)),
    ("COMP-1", Kind::Other),
    ("COMP-2", Kind::Other),
    ("COMP-1 SYNC", Kind::Other),
    ("POINTER", Kind::Other),
    ("INDEX", Kind::Other),
    ("BINARY-LONG", Kind::Other),
    ("PIC S9(18) COMP", whole(18)),
    ("PIC S9(31) COMP-3", whole(31)),
    ("PIC 9(8)", whole(8)),
    ("PIC 9(8)", whole(8)),
    ("PIC X(8)", text(8)),
    ("PIC X(10)", text(10)),
    ("PIC S9(7) COMP-3", whole(7)),
    ("PIC 9(5)", whole(5)),
    ("PIC 9(6)", whole(6)),
    ("PIC S9(9) COMP", whole(9)),
    ("PIC X(26)", text(26)),
];

/// What counts tables, and what a program may call a counter all the same.
const COUNTERS: [&str; 9] = [
    "PIC 9",
    "PIC 9(2)",
    "PIC S9 COMP-3",
    "PIC 9(2) COMP",
    "PIC S9(2)",
    "PIC S9(3) COMP-3",
    "PIC 9(3) COMP-6",
    "PIC S9(2) SIGN LEADING SEPARATE",
    "PIC 9(2) COMP-5",
];

struct Copybook<'c, 'd> {
    dice: &'c mut Dice<'d>,
    lines: Vec<String>,
    names: usize,
    counters: Vec<String>,
    named: Vec<Named>,
    /// Some names are given more than once.
    shared: bool,
    /// Entries at most: a copybook of any size is another property's.
    room: usize,
}

#[derive(Clone, Copy)]
struct Around {
    depth: usize,
    view: bool,
}

pub(super) fn copybook(dice: &mut Dice<'_>) -> (String, Vec<Named>) {
    let shared = dice.once_in(3);
    let mut copybook = Copybook {
        dice,
        lines: Vec::new(),
        names: 0,
        counters: Vec::new(),
        named: Vec::new(),
        shared,
        room: 40,
    };
    let records = 1 + usize::from(copybook.dice.once_in(8));
    for record in 1..=records {
        copybook.line(&format!("01  REC-{record}."));
        let around = Around {
            depth: 0,
            view: false,
        };
        copybook.members(around);
        if copybook.dice.once_in(6) {
            copybook.renames();
        }
    }
    (copybook.lines.join("\n") + "\n", copybook.named)
}

impl Copybook<'_, '_> {
    fn line(&mut self, text: &str) {
        self.lines.push(format!("       {text}"));
    }

    fn new_name(&mut self) -> String {
        self.names += 1;
        let stem = self.dice.of(&["F", "A-", "N$", "N#"]);
        format!("{stem}{}", self.names)
    }

    fn members(&mut self, around: Around) {
        let level = 5 * (around.depth + 1);
        let count = 1 + self.dice.below(if around.depth == 0 { 7 } else { 4 });
        let mut last: Option<String> = None;
        for _ in 0..count {
            if self.room == 0 {
                break;
            }
            self.room -= 1;
            if self.dice.once_in(5) && !(around.view && self.dice.once_in(2)) {
                last = Some(self.counter(level));
                continue;
            }
            let redefines = last.clone().filter(|_| self.dice.once_in(4));
            let (name, own) = match self.dice.below(8) {
                7 => ("FILLER".to_owned(), false),
                6 if self.shared => (format!("D{}", self.dice.below(3)), false),
                _ => (self.new_name(), true),
            };
            let occurs = match self.dice.below(8) {
                6 => format!(" OCCURS {}", 1 + self.dice.below(3)),
                7 | 5 if !self.counters.is_empty() => {
                    let counter = self.dice.below(self.counters.len());
                    let (least, counter) = (self.dice.below(2), self.counters[counter].clone());
                    format!(" OCCURS {least} TO 3 DEPENDING ON {counter}")
                }
                _ => String::new(),
            };
            let view = redefines.as_ref().map(|of| format!(" REDEFINES {of}"));
            let head = format!("{level:02}  {name}{}{occurs}", view.unwrap_or_default());
            let inside = Around {
                depth: around.depth + 1,
                view: around.view || redefines.is_some(),
            };
            let kind = if around.depth < 3 && self.dice.once_in(3) {
                self.line(&format!("{head}."));
                self.members(inside);
                Kind::Group
            } else {
                self.elementary(&head, level)
            };
            if redefines.is_none() {
                last = own.then(|| name.clone());
            }
            if own {
                self.named.push(Named {
                    name,
                    kind,
                    redefines,
                });
            }
        }
    }

    fn counter(&mut self, level: usize) -> String {
        self.names += 1;
        let name = format!("C{}", self.names);
        let clause = self.dice.of(&COUNTERS);
        self.line(&format!("{level:02}  {name} {clause}."));
        self.counters.push(name.clone());
        self.named.push(Named {
            name: name.clone(),
            kind: whole(1),
            redefines: None,
        });
        name
    }

    fn elementary(&mut self, head: &str, level: usize) -> Kind {
        let (clause, kind) = CLAUSES[self.dice.below(CLAUSES.len())];
        let value = match (kind, self.dice.below(8)) {
            (Kind::Number { whole: true, .. }, 7) => " VALUE 1",
            (Kind::Text { .. }, 7) => " VALUE 'Q'",
            (Kind::Text { .. }, 6) => " VALUE LOW-VALUES",
            _ => "",
        };
        self.line(&format!("{head} {clause}{value}."));
        if self.dice.once_in(5) {
            let (one, other) = match kind {
                Kind::Number { .. } => ("1", "2 THRU 5"),
                _ => ("'A'", "'B' 'CD'"),
            };
            let level = level + 1;
            self.line(&format!("88  IS-A-{level} VALUE {one}."));
            self.line(&format!("88  IS-B-{level} VALUE {other}."));
        }
        kind
    }

    fn renames(&mut self) {
        if self.named.is_empty() {
            return;
        }
        let first = self.dice.below(self.named.len());
        let last = self.dice.below(self.named.len());
        let (first, last) = (
            self.named[first].name.clone(),
            self.named[last].name.clone(),
        );
        self.names += 1;
        let through = match self.dice.once_in(2) {
            true => format!(" THRU {last}"),
            false => String::new(),
        };
        self.line(&format!("66  R{} RENAMES {first}{through}.", self.names));
    }
}
