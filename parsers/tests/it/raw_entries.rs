//! Entries of `_raw` that are not of the layout.

use crate::layout;

#[test]
fn raw_entries_that_name_nothing_or_do_not_fit_are_refused() {
    let layout = layout(
        "01 R.
           05 AMT PIC S9(3) COMP-3.
           05 T OCCURS 2.
             10 B PIC X.",
        "",
    );
    let refused = |raw: &str| {
        let json = format!(r#"{{"AMT":1,"_raw":{raw}}}"#);
        layout.read_json(json.as_bytes()).unwrap_err().to_string()
    };
    for (raw, path) in [
        (r#"{"NOPE":"C1"}"#, "NOPE"),
        (r#"{"T.B(9)":"C1"}"#, "T.B(9)"),
        (r#"{"T(9).B":"C1"}"#, "T(9).B"),
        (r#"{"AMT":"FF"}"#, "AMT"),
        (r#"{"AMT":"FFFFFF"}"#, "AMT"),
        (r#"{"@99999999":"FF"}"#, "@99999999"),
    ] {
        let message = refused(raw);
        assert!(
            message.contains("_raw") && message.contains(path),
            "{message}"
        );
    }
    // Residue of an edited value gives way, and that of a cut record may be short.
    let edited = br#"{"AMT":1,"_raw":{"AMT":"002F"}}"#;
    assert_eq!(layout.read_json(edited).unwrap()[..2], [0x00, 0x1C]);
    assert!(
        layout
            .read_json(br#"{"AMT":null,"_raw":{"AMT":"FF","@length":"00000001"}}"#)
            .is_ok()
    );
}
