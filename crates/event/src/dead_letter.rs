//! A record that could not be read, kept whole: its bytes are the value, what is known about it are the headers.
//!
//! Header values are UTF-8 text, numbers as decimal digits, as Connect's own dead letters do it
//! (`__connect.errors.*`). A header that has nothing to say is left out.

use std::sync::Arc;

/// A record that could not be processed and why. It goes to the topic `<topic>.dlq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// The data set's name.
    pub dataset: Arc<str>,
    /// The generation's name.
    pub generation: Arc<str>,
    /// The record's number in the generation, from 1.
    pub record_no: u64,
    /// The offset of the record's first byte in the file.
    pub file_offset: u64,
    /// The path of the field that did not decode, when one is to blame.
    pub field: Option<String>,
    /// That field's offset in the record, in bytes.
    pub field_offset: Option<u64>,
    /// That field's bytes in hex (the caller bounds their number).
    pub field_hex: Option<String>,
    /// A word to count and filter by (`invalid-packed`, `unreadable-key`).
    pub kind: Arc<str>,
    /// What was wanted and what came, for people.
    pub reason: String,
    /// Fingerprint of the layout the record was read with, in hex.
    pub layout: Arc<str>,
    /// The code page it was read with.
    pub code_page: Arc<str>,
    /// The record's key as its data topic would carry it, when the key could be read.
    pub key: Option<Vec<u8>>,
    /// The record's bytes, untouched.
    pub raw: Vec<u8>,
}

impl DeadLetter {
    /// The headers, in a fixed order, each named `figway-dlq-…`.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let text = |value: &str| Some(value.to_owned());
        let fields = [
            ("source", text(&self.source)),
            ("dataset", text(&self.dataset)),
            ("generation", text(&self.generation)),
            ("record", Some(self.record_no.to_string())),
            ("offset", Some(self.file_offset.to_string())),
            ("field", self.field.clone()),
            (
                "field-offset",
                self.field_offset.map(|offset| offset.to_string()),
            ),
            ("field-hex", self.field_hex.clone()),
            ("kind", text(&self.kind)),
            ("reason", text(&self.reason)),
            ("layout", text(&self.layout)),
            ("code-page", text(&self.code_page)),
        ];
        let present = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        present
            .map(|(name, value)| (format!("figway-dlq-{name}"), value.into_bytes()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_where_and_why() {
        let letter = DeadLetter {
            source: "lots".into(),
            dataset: "PROD.LOTS".into(),
            generation: "G0002V00".into(),
            record_no: 17,
            file_offset: 4_300,
            field: Some("LOT.QTY".into()),
            field_offset: Some(43),
            field_hex: Some("4040".into()),
            kind: "invalid-packed".into(),
            reason: "wanted packed digits, got 40".into(),
            layout: "00ff".into(),
            code_page: "cp037".into(),
            key: None,
            raw: vec![0x40],
        };
        let shown: Vec<String> = letter
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        figway-dlq-source: lots
        figway-dlq-dataset: PROD.LOTS
        figway-dlq-generation: G0002V00
        figway-dlq-record: 17
        figway-dlq-offset: 4300
        figway-dlq-field: LOT.QTY
        figway-dlq-field-offset: 43
        figway-dlq-field-hex: 4040
        figway-dlq-kind: invalid-packed
        figway-dlq-reason: wanted packed digits, got 40
        figway-dlq-layout: 00ff
        figway-dlq-code-page: cp037
        ");
        let whole_record = DeadLetter {
            field: None,
            field_offset: None,
            field_hex: None,
            ..letter
        };
        assert_eq!(whole_record.headers().len(), 9);
    }
}
