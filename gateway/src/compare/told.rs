//! What rules say about one field, in words: for whoever looks at a difference and asks why it counts. Pure.

use super::allowed::Place;
use super::leniency::{Case, Leniency, Numbers, Trim};
use super::member::Pattern;
use super::rules::{Rules, is_in, under};
use crate::route::shape::Shape;

impl Rules {
    /// What holds for a field of that shape beside being the same, as `within 0.01; trimmed`; none where it must be exactly the same. The
    /// path is that of a difference, with subscripts.
    #[must_use]
    pub fn told(&self, shape: &Shape, path: &str) -> Option<String> {
        let holds = |place: &Place| match (place, shape) {
            (Place::Field(wanted), Shape::Record(layout)) => layout
                .resolve(path)
                .is_ok_and(|found| under(layout, layout.field_of(&found), *wanted)),
            (Place::Occurrence(wanted), _) => is_in(path, wanted),
            (Place::Member(pattern), _) => Pattern::parse(path)
                .is_some_and(|found| found.segments().is_some_and(|at| pattern.covers(&at))),
            (Place::Header(name), _) => {
                path.strip_prefix("(header ")
                    .and_then(|rest| rest.strip_suffix(')'))
                    == Some(name.as_str())
            }
            (Place::Line, _) => path == super::lines::LINE,
            (Place::Field(_), _) => false,
        };
        let rules = self.allowed.all();
        let told: Vec<String> = rules
            .filter(|(place, _)| holds(place))
            .map(|(_, how)| how.told())
            .collect();
        (!told.is_empty()).then(|| told.join("; or "))
    }
}

impl Leniency {
    /// What may differ, in words.
    fn told(&self) -> String {
        let mut told = Vec::new();
        match self.trim {
            None => {}
            Some(Trim::Start) => told.push("blanks in front do not count".to_owned()),
            Some(Trim::End) => told.push("blanks at the end do not count".to_owned()),
            Some(Trim::Both) => told.push("blanks around do not count".to_owned()),
        }
        if self.case == Case::Ignored {
            told.push("capitals do not count".to_owned());
        }
        if let Some(pattern) = &self.pattern {
            told.push(format!("both match {}", pattern.as_str()));
        }
        if self.numbers == Numbers::AnyForm {
            told.push("numbers in any form".to_owned());
        }
        if let Some(most) = self.tolerance {
            told.push(format!("at most {most} apart"));
        }
        if let Some(percent) = self.relative {
            told.push(format!("at most {percent} % apart"));
        }
        if let Some(time) = &self.time {
            let seconds = time.within / 1_000_000_000;
            told.push(format!("times at most {seconds} s apart"));
        }
        told.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use parsers::Decimal;

    use super::*;

    #[test]
    fn a_rule_is_told_where_it_holds_and_nowhere_else() {
        let mut rules = Rules::default();
        let near = Leniency {
            tolerance: Some("0.01".parse::<Decimal>().unwrap()),
            ..Leniency::default()
        };
        let blanks = Leniency {
            trim: Some(Trim::Both),
            case: Case::Ignored,
            ..Leniency::default()
        };
        rules.lenient("items[*].price", near, &Shape::Json).unwrap();
        rules.lenient("items", blanks, &Shape::Json).unwrap();
        let told = |path| rules.told(&Shape::Json, path);
        assert_eq!(
            told("items[3].price").as_deref(),
            Some("at most 0.01 apart; or blanks around do not count, capitals do not count")
        );
        assert_eq!(
            told("items[0].name").as_deref(),
            Some("blanks around do not count, capitals do not count")
        );
        assert_eq!(told("total"), None);
        assert_eq!(told("(status)"), None);
    }
}
