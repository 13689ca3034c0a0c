//! A copybook, a meaning, options and records, made of any bytes: each byte is one decision, and none are left means
//! the first of everything. For properties that must hold for every layout: the fuzz target `made` brings its bytes, the
//! ordinary tests random ones.

mod copybook;
mod load;
mod meaning;
mod record;

use std::sync::Arc;

use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};

pub(super) use record::record;

/// Decisions, one byte each.
pub(super) struct Dice<'d>(&'d [u8]);

impl<'d> Dice<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Dice<'d> {
        Dice(bytes)
    }

    /// Less than `count`, which is at most 256.
    fn below(&mut self, count: usize) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first) % count
            }
            None => 0,
        }
    }

    /// Once in so many times; never when there are no bytes left.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// Whether anything is left to decide.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a name stands for, as far as a meaning must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Number { digits: usize, whole: bool },
    Text { chars: usize },
    Group,
    Other,
}

/// A field that has its name to itself.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    kind: Kind,
    /// The field whose place it takes.
    redefines: Option<String>,
}

/// All of a case but its records.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) text: String,
    pub(super) meaning: Option<String>,
    pub(super) words: String,
    pub(super) page: CodePage,
}

const PAGES: [CodePage; 7] = [
    CodePage::Cp037,
    CodePage::Cp1047,
    CodePage::Cp273,
    CodePage::Cp500,
    CodePage::Cp939,
    CodePage::Cp1140,
    CodePage::Cp930,
];

/// Options that change what records hold, or how they are read.
const OPTIONS: [(&str, &[&str]); 31] = [
    ("number_spaces", &["null", "zero"]),
    ("number_low_values", &["null", "zero"]),
    ("number_high_values", &["null", "zero"]),
    ("invalid_numbers", &["null"]),
    ("signs", &["preferred", "lenient"]),
    ("display_numbers", &["spaced", "explicit"]),
    ("trim", &["both", "left", "right", "none"]),
    ("low_value_text", &["null"]),
    ("invalid_text", &["replace", "blank", "null"]),
    ("controls", &["blank", "drop"]),
    ("new_line", &["lf"]),
    ("short_records", &["cut"]),
    ("invalid_counts", &["most"]),
    ("edited", &["number"]),
    ("fillers", &["shown"]),
    ("conditions", &["names", "enums"]),
    ("odo", &["maximum"]),
    ("dialect", &["mf", "gnucobol"]),
    ("truncate", &["bin", "opt"]),
    ("binary_sizes", &["1-2-4-8", "fewest"]),
    ("native_order", &["little"]),
    ("floats", &["ieee", "hfp-little", "ieee-little"]),
    ("utf16", &["little"]),
    ("overpunch", &["ascii"]),
    ("records", &["all", "sequence"]),
    ("large_numbers", &["truncate", "null"]),
    ("extra_decimals", &["truncate", "round"]),
    ("long_text", &["truncate", "null"]),
    ("unknown_characters", &["substitute", "blank"]),
    ("null_numbers", &["initial", "spaces", "low-values", "zero"]),
    ("null_text", &["initial", "spaces", "low-values"]),
];

/// Decides all but the records.
pub(super) fn made(dice: &mut Dice<'_>) -> Made {
    let mut words = Vec::new();
    for _ in 0..dice.below(5) {
        let (key, all) = OPTIONS[dice.below(OPTIONS.len())];
        // Named twice, the last one counts.
        words.push(format!("{key} = {}", dice.of(all)));
    }
    let page = match dice.below(4) {
        0..=1 => CodePage::Cp037,
        _ => PAGES[dice.below(PAGES.len())],
    };
    let (text, named) = match dice.once_in(6) {
        true => load::load(dice),
        false => copybook::copybook(dice),
    };
    let meaning = dice.once_in(2).then(|| meaning::meaning(dice, &named));
    Made {
        text,
        meaning,
        words: words.join("; "),
        page,
    }
}

impl Made {
    /// The layout, without the meaning where that does not fit; `None` where the copybook itself is refused.
    pub(super) fn layout(&self) -> Option<Arc<Layout>> {
        let copybook = Copybook::parse(CopybookText {
            file: "made.cpy",
            text: &self.text,
        })
        .ok()?;
        let mut options = LayoutOptions::default();
        options.set_all(&self.words).expect("they are options");
        options.code_page = self.page;
        let meaning = self.meaning.as_deref();
        let meaning = meaning.and_then(|toml| Meaning::parse("made.toml", toml).ok());
        if let Some(meaning) = &meaning
            && let Ok(layout) = Layout::compile(&copybook, Some(meaning), &options)
        {
            return Some(layout);
        }
        Layout::compile(&copybook, None, &options).ok()
    }
}
