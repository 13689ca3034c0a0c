//! Meaning files: dates, nulls, flags and names of some fields, and rules for views.

use super::{Dice, Kind, Named};

pub(super) fn meaning(dice: &mut Dice<'_>, named: &[Named]) -> String {
    let mut toml = String::from("version = 1\n");
    if named.is_empty() {
        return toml;
    }
    let mut fields: Vec<(usize, String)> = Vec::new();
    for _ in 0..dice.below(5) {
        let at = dice.below(named.len());
        if fields.iter().any(|(other, _)| *other == at) {
            continue;
        }
        let rule = rule(dice, named[at].kind);
        let name = match dice.once_in(5) {
            true => format!("name = \"called{at}\""),
            false => String::new(),
        };
        let both = match (rule.is_empty(), name.is_empty()) {
            (false, false) => format!("{rule}, {name}"),
            _ => rule + &name,
        };
        if !both.is_empty() {
            fields.push((at, both));
        }
    }
    if !fields.is_empty() {
        toml += "[fields]\n";
        for (at, rule) in fields {
            toml += &format!("\"{}\" = {{ {rule} }}\n", named[at].name);
        }
    }
    views(dice, named, &mut toml);
    toml
}

fn rule(dice: &mut Dice<'_>, kind: Kind) -> String {
    let null = match (kind, dice.below(6)) {
        (Kind::Number { .. }, 1) => ", null = \"zeros\"",
        (Kind::Number { .. }, 2) => ", null = [\"spaces\", \"1\"]",
        (Kind::Number { .. } | Kind::Text { .. }, 3) => ", null = \"low-values\"",
        (Kind::Number { .. } | Kind::Text { .. }, 4) => ", null = [\"high-values\", \"spaces\"]",
        (Kind::Text { .. }, 1 | 2) => ", null = \"spaces\"",
        _ => "",
    };
    let form = match (kind, dice.below(4)) {
        (Kind::Number { digits: 8, .. }, 1) => "date = \"YYYYMMDD\"",
        (Kind::Number { digits: 7, .. }, 1) => "date = \"CYYMMDD\"",
        (Kind::Number { digits: 6, .. }, 1) => "date = \"YYMMDD\", pivot = 30",
        (Kind::Number { digits: 6, .. }, 2) => "time = \"HHMMSS\"",
        (Kind::Number { digits: 5, .. }, 1) => "date = \"YYDDD\", pivot = 50",
        (Kind::Number { digits: 9, .. }, 1) => "date = \"days since 1600-12-31\"",
        (Kind::Number { whole: true, .. }, 3) => "flag = { true = 1, false = [0, 9] }",
        (Kind::Text { chars: 8 }, 1) => "time = \"HH.MM.SS\"",
        (Kind::Text { chars: 8 }, 2) => "timestamp = \"STCK\"",
        (Kind::Text { chars: 10 }, 1) => "date = \"YYYY-MM-DD\"",
        (Kind::Text { chars: 26 }, 1) => "timestamp = \"YYYY-MM-DD-HH.MM.SS.FFFFFF\"",
        (Kind::Text { .. }, 2) => "binary = true",
        (Kind::Text { .. }, 3) => "flag = { true = [\"Y\", \"J\"], false = [\"N\", \" \"] }",
        _ => "",
    };
    format!("{form}{null}").trim_start_matches(", ").to_owned()
}

/// Rules for one REDEFINES, or record types.
fn views(dice: &mut Dice<'_>, named: &[Named], toml: &mut String) {
    let views: Vec<&Named> = named
        .iter()
        .filter(|named| named.redefines.is_some())
        .collect();
    let tested: Vec<&Named> = named
        .iter()
        .filter(|named| {
            matches!(
                named.kind,
                Kind::Number { whole: true, .. } | Kind::Text { .. }
            )
        })
        .collect();
    if tested.is_empty() || !dice.once_in(2) {
        return;
    }
    let when = |dice: &mut Dice<'_>| {
        let field = tested[dice.below(tested.len())];
        let value = match (field.kind, dice.below(3)) {
            (Kind::Number { .. }, 0) => "1",
            (Kind::Number { .. }, 1) => "[0, 2]",
            (Kind::Number { .. }, _) => "[1, 2, 3]",
            (_, 0) => "\"A\"",
            (_, 1) => "\"\"",
            _ => "[\"B\", \"C\"]",
        };
        format!("{{ \"{}\" = {value} }}", field.name)
    };
    if views.is_empty() || dice.once_in(3) {
        *toml += &format!("[record_types.one]\nwhen = {}\n", when(dice));
        if !views.is_empty() {
            *toml += &format!("view = \"{}\"\n", views[dice.below(views.len())].name);
        }
        *toml += &format!("[record_types.two]\nwhen = {}\n", when(dice));
        return;
    }
    let view = views[dice.below(views.len())];
    let Some(area) = &view.redefines else { return };
    *toml += &format!(
        "[redefines.\"{area}\"]\n\"{}\" = {}\n",
        view.name,
        when(dice)
    );
    match dice.below(3) {
        1 => *toml += &format!("else = \"{area}\"\n"),
        2 => *toml += &format!("\"{area}\" = {}\n", when(dice)),
        _ => {}
    }
}
