//! Field numbers that stay: what a name once had, no other gets.

use std::collections::BTreeMap;
use std::fmt;

/// Numbers of the fields of each message, by the message's path (`Lot`, `Lot.Address`). As text it is a JSON object to
/// keep beside the copybook, under version control.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers(pub(super) BTreeMap<String, BTreeMap<String, u32>>);

/// A text that holds no field numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted field numbers as {{\"Message\": {{\"FIELD\": 1}}}}: {0}")]
pub struct ParseNumbersError(String);

/// Protobuf keeps these for itself.
const RESERVED: std::ops::RangeInclusive<u32> = 19_000..=19_999;
/// The largest number a field may have.
const LARGEST: u32 = (1 << 29) - 1;

impl Numbers {
    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// Another text; a number that no field may have, or that two fields of one message have.
    pub fn parse(text: &str) -> Result<Numbers, ParseNumbersError> {
        let messages: BTreeMap<String, BTreeMap<String, u32>> =
            serde_json::from_str(text).map_err(|error| ParseNumbersError(error.to_string()))?;
        for (message, fields) in &messages {
            let mut taken = BTreeMap::new();
            for (field, number) in fields {
                if !(1..=LARGEST).contains(number) || RESERVED.contains(number) {
                    let text = format!("{message}.{field} has {number}, which no field may have");
                    return Err(ParseNumbersError(text));
                }
                if let Some(other) = taken.insert(number, field) {
                    let text = format!("{other} and {field} of {message} both have {number}");
                    return Err(ParseNumbersError(text));
                }
            }
        }
        Ok(Numbers(messages))
    }

    /// The number of a field: the one it has, or the first after all others.
    pub(super) fn of(&mut self, message: &str, field: &str) -> u32 {
        let fields = self.0.entry(message.to_owned()).or_default();
        if let Some(number) = fields.get(field) {
            return *number;
        }
        let last = fields.values().max().copied().unwrap_or(0);
        let mut next = last.saturating_add(1);
        if RESERVED.contains(&next) {
            next = RESERVED.end().saturating_add(1);
        }
        fields.insert(field.to_owned(), next);
        next
    }

    /// Names and numbers of a message's fields, by name.
    pub(super) fn of_message(&self, message: &str) -> impl Iterator<Item = (&str, u32)> {
        let fields = self.0.get(message).into_iter().flatten();
        fields.map(|(name, number)| (name.as_str(), *number))
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(&self.0).map_err(|_| fmt::Error)?;
        writeln!(f, "{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_given_twice() {
        let mut numbers = Numbers::parse(r#"{"A": {"x": 3, "gone": 18999}}"#).unwrap();
        assert_eq!(numbers.of("A", "x"), 3);
        assert_eq!(numbers.of("A", "y"), 20_000);
        assert_eq!(numbers.of("A", "z"), 20_001);
        assert_eq!(numbers.of("B", "x"), 1);
        assert_eq!(Numbers::parse(&numbers.to_string()), Ok(numbers));
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for (text, wanted) in [
            (r#"{"A": {"x": 0}}"#, "A.x has 0"),
            (r#"{"A": {"x": 19500}}"#, "A.x has 19500"),
            (r#"{"A": {"x": 1, "y": 1}}"#, "x and y of A both have 1"),
            ("[]", "invalid type"),
        ] {
            let error = Numbers::parse(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
