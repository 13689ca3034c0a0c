//! One line cut into its areas: indicator and text.

use crate::copybook::options::Columns;

/// Fixed or free, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Fixed(Columns),
    Free,
}

impl Form {
    pub(super) const FIXED: Form = Form::Fixed(Columns::STANDARD);
    /// Fixed form without a right end, as other compilers have it.
    pub(super) const VARIABLE: Form = Form::Fixed(Columns {
        end: u16::MAX,
        ..Columns::STANDARD
    });
}

/// One line cut into its areas.
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) indicator: char,
    /// Where the indicator stands, in characters of the file's line.
    pub(super) indicator_column: u32,
    pub(super) area: String,
    /// Where the first character of `area` stands.
    pub(super) column: u32,
    /// The last column that the line reaches within the text area, tabs expanded.
    pub(super) last_column: usize,
    /// Whether text stands right of the last column.
    pub(super) beyond: bool,
}

pub(super) fn cut(number: u32, raw: &str, form: Form, tab: usize) -> Line {
    let (indicator, start, end) = match form {
        Form::Fixed(columns) => (
            usize::from(columns.indicator),
            usize::from(columns.start),
            usize::from(columns.end),
        ),
        Form::Free => (0, 1, usize::MAX),
    };
    let mut line = Line {
        number,
        indicator: ' ',
        indicator_column: 0,
        area: String::new(),
        column: u32::try_from(start).unwrap_or(u32::MAX),
        last_column: start.saturating_sub(1),
        beyond: false,
    };
    let mut sequence_blank = true;
    // `position` is the column with tabs expanded, which the areas are cut by; messages count characters.
    let mut position = 0usize;
    let mut started = false;
    for (index, character) in raw.chars().enumerate() {
        let count = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let (shown, width) = match character {
            '\t' => (
                ' ',
                tab.saturating_sub(position.checked_rem(tab).unwrap_or(0)),
            ),
            other => (other, 1),
        };
        for within in 0..width {
            position = position.saturating_add(1);
            if position == indicator {
                line.indicator = shown;
                line.indicator_column = count;
            } else if position < start {
                sequence_blank &= shown == ' ' || position > indicator;
            } else if position <= end {
                if !started {
                    started = true;
                    line.column = count;
                }
                line.last_column = position;
                // An expanded tab counts as one character of the file.
                if within == 0 || line.area.is_empty() {
                    line.area.push(character);
                }
            } else {
                line.beyond |= shown != ' ';
            }
        }
    }
    if line.begins_in_the_indicator(sequence_blank) {
        line.area.insert(0, line.indicator);
        line.indicator = ' ';
        line.column = line.indicator_column;
    }
    line
}

impl Line {
    /// Text that begins one column too far left: a level number, or a word with nothing in front of it. D alone is the
    /// indicator of a debugging line.
    fn begins_in_the_indicator(&self, sequence_blank: bool) -> bool {
        let mut area = self.area.chars();
        let (first, second) = (area.next().unwrap_or(' '), area.next().unwrap_or(' '));
        let joined = first.is_alphanumeric() || first == '-';
        match self.indicator {
            'D' | 'd' => joined && sequence_blank,
            '0'..='9' if first.is_ascii_digit() && second.is_whitespace() => true,
            other => sequence_blank && other.is_alphanumeric() && (joined || first.is_whitespace()),
        }
    }

    /// A bar before the text of a line, as documents and editors set text off with, is no part of it.
    pub(super) fn drop_margin(&mut self) {
        let start = self.area.len().saturating_sub(self.area.trim_start().len());
        if self
            .area
            .get(start..)
            .is_some_and(|text| text.starts_with('|'))
        {
            self.area.replace_range(start..start.saturating_add(1), " ");
        }
    }

    /// Comments that no indicator announces: in free form a line may begin with `*`. A `*` that begins a line of fixed
    /// form right of its column cannot be anything else either.
    pub(super) fn is_starred(&self) -> bool {
        self.area.trim_start().starts_with('*')
    }

    /// EJECT, SKIP1 to SKIP3 and TITLE only shape the compiler's listing.
    pub(super) fn is_listing_control(&self) -> bool {
        let mut words = self.area.split_whitespace();
        let first = words.next().unwrap_or_default().trim_end_matches('.');
        match first.to_ascii_uppercase().as_str() {
            "EJECT" | "SKIP1" | "SKIP2" | "SKIP3" => words
                .next()
                .is_none_or(|next| next == "." || next.starts_with("*>")),
            "TITLE" => words
                .next()
                .is_some_and(|next| next.starts_with(['\'', '"'])),
            _ => false,
        }
    }
}
