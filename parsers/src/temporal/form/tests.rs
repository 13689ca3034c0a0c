use super::*;

fn both_ways(kind: TemporalKind, form: &str, pivot: Option<u8>, text: &str, iso: &str) {
    let form = TemporalForm::parse(kind, form, pivot).unwrap();
    let value = form.read(text.as_bytes()).unwrap();
    assert_eq!(value.to_string(), iso);
    assert_eq!(form.write(value).unwrap(), text);
}

#[test]
fn patterns_both_ways() {
    for (form, pivot, text, iso) in [
        ("CYYMMDD", None, "1261121", "2026-11-21"),
        ("CYYMMDD", None, "0991231", "1999-12-31"),
        ("YYYYMMDD", None, "20261121", "2026-11-21"),
        ("YYMMDD", Some(50), "491231", "2049-12-31"),
        ("YYMMDD", Some(50), "500101", "1950-01-01"),
        ("YYDDD", Some(50), "24366", "2024-12-31"),
        ("CYYDDD", None, "126325", "2026-11-21"),
        ("YYYYDDD", None, "2026325", "2026-11-21"),
        ("YYYY-MM-DD", None, "2026-11-21", "2026-11-21"),
        ("DD.MM.YYYY", None, "21.11.2026", "2026-11-21"),
        ("MM/DD/YYYY", None, "11/21/2026", "2026-11-21"),
    ] {
        both_ways(TemporalKind::Date, form, pivot, text, iso);
    }
    for (form, text, iso) in [
        ("HHMM", "1305", "13:05:00"),
        ("HHMMSS", "130509", "13:05:09"),
        ("HH.MM.SS", "13.05.09", "13:05:09"),
        ("HH:MM:SS", "24:00:00", "24:00:00"),
        ("HHMMSSFF", "13050925", "13:05:09.250"),
    ] {
        both_ways(TemporalKind::Time, form, None, text, iso);
    }
    for (form, pivot, text, iso) in [
        (
            "YYYY-MM-DD-HH.MM.SS.FFFFFF",
            None,
            "2026-11-21-13.05.09.250000",
            "2026-11-21T13:05:09.250",
        ),
        (
            "YYYYMMDDHHMMSS",
            None,
            "20261121130509",
            "2026-11-21T13:05:09",
        ),
        ("YYMMDDHHMM", Some(70), "2611211305", "2026-11-21T13:05:00"),
        (
            "YYYY-MM-DDTHH:MM:SS.FFFFFFFFF",
            None,
            "2026-11-21T13:05:09.000000001",
            "2026-11-21T13:05:09.000000001",
        ),
    ] {
        both_ways(TemporalKind::Timestamp, form, pivot, text, iso);
    }
}

#[test]
fn counts_both_ways() {
    use TemporalKind::{Date, Time, Timestamp};
    for (kind, form, count, iso) in [
        // The Language Reference's own example: INTEGER-OF-DATE(16010101) is 1.
        (Date, "days since 1600-12-31", 1, "1601-01-01"),
        // Language Environment Programming Reference, CEEDAYS: 16 May 1988 is Lilian day 148138.
        (Date, "days since 1582-10-14", 148_138, "1988-05-16"),
        (Time, "seconds of day", 47_109, "13:05:09"),
        (Time, "hundredths of day", 4_710_925, "13:05:09.250"),
        (
            Timestamp,
            "milliseconds since 1900-01-01",
            0,
            "1900-01-01T00:00:00",
        ),
        (
            Timestamp,
            "seconds since 1970-01-01",
            -1,
            "1969-12-31T23:59:59",
        ),
    ] {
        let form = TemporalForm::parse(kind, form, None).unwrap();
        let value = form.read_count(count).unwrap();
        assert_eq!(value.to_string(), iso);
        assert_eq!(form.write_count(value), Some(count));
    }
    let seconds = TemporalForm::parse(Timestamp, "seconds since 1970-01-01", None).unwrap();
    let half = Temporal::Timestamp("1970-01-01T00:00:00.5".parse().unwrap());
    assert_eq!(seconds.write_count(half), None);
}

#[test]
fn the_clock_of_the_machine() {
    // Principles of Operation, figure "TOD clock and calendar": 1972-01-01 is 8126D60E46000000.
    let form = TemporalForm::parse(TemporalKind::Timestamp, "STCK", None).unwrap();
    let value = form
        .read_clock(0x8126_D60E_4600_0000u64.to_be_bytes())
        .unwrap();
    assert_eq!(value.to_string(), "1972-01-01T00:00:00");
    assert_eq!(
        form.write_clock(value),
        Some(0x8126_D60E_4600_0000u64.to_be_bytes())
    );
}

#[test]
fn wrong_forms() {
    use TemporalKind::{Date, Time, Timestamp};
    let shown: Vec<String> = [
        (Date, "YYMMDD", None),
        (Date, "MMDD", None),
        (Date, "YYYYMMDDDD", None),
        (Date, "YYYYMM", None),
        (Date, "YYYYMMDD", Some(5)),
        (Date, "YYMMDD", Some(100)),
        (Date, "XX", None),
        (Date, "YYYYMMDDHHMM", None),
        (Date, "hours since 1970-01-01", None),
        (Date, "days since yesterday", None),
        (Date, "days of day", None),
        (Date, "STCK", None),
        (Time, "MMSS", None),
        (Time, "HHMMFF", None),
        (Time, "seconds since 1970-01-01", None),
        (Time, "fortnights of day", None),
        (Timestamp, "HHMMSS", None),
        (Timestamp, "YYYYMMDDHHMMSSFFFFFFFFFF", None),
        (Timestamp, "seconds of day", None),
    ]
    .into_iter()
    .map(|(kind, text, pivot)| TemporalForm::parse(kind, text, pivot).unwrap_err())
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
`YYMMDD` has a two-digit year: wanted `pivot` beside it (years below it are 20xx)
`MMDD` is no whole date: wanted one year (YYYY, YY or CYY) and MM with DD, or DDD
wanted a date form of C, YYYY, YY, MM, DD, DDD and the separators - / ., got `YYYYMMDDDD`
`YYYYMM` is no whole date: wanted one year (YYYY, YY or CYY) and MM with DD, or DDD
`YYYYMMDD` tells the century: `pivot` has no use here
wanted a pivot from 0 to 99, got 100
wanted a date form of C, YYYY, YY, MM, DD, DDD and the separators - / ., got `XX`
`YYYYMMDDHHMM` is no whole date: wanted one year (YYYY, YY or CYY) and MM with DD, or DDD
a date is counted as `days since YYYY-MM-DD`, got `hours since 1970-01-01`
wanted a day as YYYY-MM-DD, got `yesterday`
a date is counted from a day: `days since YYYY-MM-DD`, got `days of day`
`STCK` is a timestamp: write `timestamp = "STCK"`
`MMSS` is no whole time: wanted HH and MM, with SS and F to FFFFFFFFF as needed
`HHMMFF` is no whole time: wanted HH and MM, with SS and F to FFFFFFFFF as needed
a time is counted as `seconds of day`, got `seconds since 1970-01-01`
wanted one of days, hours, minutes, seconds, tenths, hundredths, milliseconds, microseconds, nanoseconds, got `fortnights`
`HHMMSS` is no whole timestamp: wanted a date (YYYY, MM, DD) and a time (HH, MM) behind it
wanted a timestamp form of C, YYYY, YY, MM, DD, DDD, HH, MM, SS, F to FFFFFFFFF and separators, got `YYYYMMDDHHMMSSFFFFFFFFFF`
a timestamp is counted from a day: `seconds since YYYY-MM-DD`, got `seconds of day`
"#);
}

#[test]
fn a_value_the_form_cannot_hold_is_not_written() {
    let form = TemporalForm::parse(TemporalKind::Date, "YYMMDD", Some(50)).unwrap();
    assert_eq!(
        form.write(Temporal::Date("1949-01-01".parse().unwrap())),
        None
    );
    let form = TemporalForm::parse(TemporalKind::Time, "HHMM", None).unwrap();
    assert_eq!(
        form.write(Temporal::Time("12:00:01".parse().unwrap())),
        None
    );
    assert_eq!(form.places(), 0);
    let form = TemporalForm::parse(
        TemporalKind::Timestamp,
        "milliseconds since 1900-01-01",
        None,
    )
    .unwrap();
    assert_eq!(form.places(), 3);
}
