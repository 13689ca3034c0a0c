//! The OCCURS clause: counts, DEPENDING ON, and the keys and indexes that a layout has no use for.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt};
use nom::sequence::preceded;

use super::ast::{Named, Occurs, Order};
use super::clause::Clause;
use super::combinator::{
    Input, Message, Parsed, every, fail, name, qualified_name, whole_number, word,
};

pub(super) fn occurs(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, token) = word(&["OCCURS"])(input)?;
    let counted = rest;
    let (rest, first) = cut(whole_number).parse(rest)?;
    let (rest, upper) = opt(preceded(word(&["TO"]), cut(whole_number))).parse(rest)?;
    let (rest, _) = opt(word(&["TIMES", "TIME"])).parse(rest)?;
    let (rest, phrases) = every(0, phrase)(rest)?;
    let mut depending = None;
    let (mut keys, mut indexes) = (Vec::new(), Vec::new());
    for phrase in phrases {
        match phrase {
            Phrase::Depending(name) => depending = Some(name),
            Phrase::Keys(order, names) => keys.extend(names.into_iter().map(|name| (order, name))),
            Phrase::Indexed(names) => indexes.extend(names),
        }
    }
    // Without TO the compiler takes 1 as the fewest (Language Reference, "OCCURS DEPENDING ON clause").
    // TO without DEPENDING ON says nothing that varies: compilers take the most.
    let (min, max) = match (upper, &depending) {
        (Some(upper), Some(_)) => (first, upper),
        (Some(upper), None) if first <= upper => (upper, upper),
        (Some(upper), None) => (first, upper),
        (None, Some(_)) => (first.min(1), first),
        (None, None) => (first, first),
    };
    if max == 0 || min > max {
        let message =
            format!("OCCURS {min} TO {max}: wanted at least one occurrence, fewest first");
        return fail(counted, Message::Whole(message, 0, 0), None);
    }
    Ok((
        rest,
        Clause::Occurs(Occurs {
            min,
            max,
            depending,
            keys,
            indexes,
            span: token.span,
        }),
    ))
}

/// What may follow the counts, in any order.
enum Phrase {
    Depending(Named),
    Keys(Order, Vec<Named>),
    Indexed(Vec<Named>),
}

fn phrase(input: Input<'_>) -> Parsed<'_, Phrase> {
    let depending = preceded(
        (word(&["DEPENDING"]), opt(word(&["ON"]))),
        cut(qualified_name),
    );
    let keys = (
        word(&["ASCENDING", "DESCENDING"]),
        opt(word(&["KEY"])),
        opt(word(&["IS", "ARE"])),
        cut(every(1, qualified_name)),
    );
    let indexed = preceded(
        (word(&["INDEXED"]), opt(word(&["BY"]))),
        cut(every(1, name)),
    );
    alt((
        map(depending, Phrase::Depending),
        map(keys, |(order, _, _, names)| {
            let order = match order.word() {
                Some("DESCENDING") => Order::Descending,
                _ => Order::Ascending,
            };
            Phrase::Keys(order, names)
        }),
        map(indexed, Phrase::Indexed),
    ))
    .parse(input)
}
