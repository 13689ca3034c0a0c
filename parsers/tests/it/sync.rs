//! SYNCHRONIZED by dialect. Offsets under `gnucobol` are those that programs built with GnuCOBOL 3.1.2 printed, by
//! subtracting addresses; those under `ibm` follow the worked examples of the Language Reference, "Slack bytes".

use parsers::layout::options::{BinarySizes, Dialect};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions};

use super::fixed;

/// `NAME=offset` of every field, and the length.
fn offsets(lines: &str, options: &LayoutOptions) -> String {
    let copybook = Copybook::parse(CopybookText {
        file: "test.cpy",
        text: &fixed(lines),
    })
    .unwrap();
    let layout = Layout::compile(&copybook, None, options).unwrap();
    let mut shown: Vec<String> = layout
        .fields()
        .skip(1)
        .map(|field| format!("{}={}", field.name(), field.offset()))
        .collect();
    shown.push(layout.max_len().to_string());
    shown.join(" ")
}

fn of(dialect: Dialect, lines: &str) -> String {
    let options = LayoutOptions {
        dialect,
        ..LayoutOptions::default()
    };
    offsets(lines, &options)
}

const USAGES: &str = "01 A.
05 A0 PIC X.
05 A1 PIC S9(2) COMP SYNC.
05 A2 PIC X.
05 A3 PIC S9(4) COMP SYNC.
05 A4 PIC X.
05 A5 PIC S9(6) COMP SYNC.
05 A6 PIC X.
05 A9 PIC S9(12) COMP SYNC.
05 B0 PIC X.
05 B1 PIC S9(18) COMP-5 SYNC.
05 B2 PIC X.
05 B3 COMP-1 SYNC.
05 B4 PIC X.
05 B5 COMP-2 SYNC.
05 B6 PIC X.
05 B7 POINTER SYNC.
05 B8 PIC X.
05 B9 INDEX SYNC.
05 C0 PIC X.
05 C1 PIC S9(5) COMP-3 SYNC.
05 C7 PIC X(3) SYNC.
05 C8 PIC X.";

#[test]
fn boundaries_of_usages() {
    // cobc without -std, A7 and what is between C1 and C7 left out.
    insta::assert_snapshot!(of(Dialect::GnuCobol, USAGES), @r"
A0=0 A1=1 A2=2 A3=4 A4=6 A5=8 A6=12 A9=16 B0=24 B1=32 B2=40 B3=44 B4=48 B5=56 B6=64 B7=72 B8=80 B9=84 C0=88 C1=89 C7=92 C8=95 96
");
    insta::assert_snapshot!(of(Dialect::Ibm, USAGES), @r"
A0=0 A1=2 A2=4 A3=6 A4=8 A5=12 A6=16 A9=20 B0=28 B1=32 B2=40 B3=44 B4=48 B5=56 B6=64 B7=68 B8=72 B9=76 C0=80 C1=81 C7=84 C8=87 88
");
    let no_effect = of(Dialect::Mf, USAGES);
    assert_eq!(no_effect, of(Dialect::Mf, &USAGES.replace(" SYNC", "")));
    let options = LayoutOptions {
        dialect: Dialect::Mf,
        binary_sizes: BinarySizes::TwoFourEight,
        ..LayoutOptions::default()
    };
    assert_ne!(
        offsets(USAGES, &options),
        offsets(&USAGES.replace(" SYNC", ""), &options)
    );
}

const TABLES: &str = "01 A.
05 X0 OCCURS 2.
10 Y0.
15 Y1 PIC X.
15 Y2 PIC S9(8) COMP SYNC.
10 Z0 PIC X.
05 X1 PIC X(4).
05 W0 OCCURS 2.
10 W1 COMP-2 SYNC.
10 W2.
15 W3 PIC X.
15 W4 PIC X.
05 W5 PIC X.
05 V0 OCCURS 2.
10 V1 PIC S9(8) COMP SYNC.
10 V2 PIC X(2).
10 V3 REDEFINES V2 PIC X.
05 V4 PIC X.
05 U0 OCCURS 2.
10 U1 PIC S9(8) COMP SYNC.
10 U2 PIC X(1) OCCURS 3.
05 U3 PIC X.
05 T0.
10 T1 OCCURS 2 PIC S9(8) COMP SYNC.
10 T2 PIC X.
05 T3 PIC X.
05 S0 OCCURS 1.
10 S1 PIC S9(8) COMP SYNC.
10 S2 PIC X.
05 S3 PIC X.";

#[test]
fn groups_and_tables() {
    // As the program printed them, odd as they are: Z0 is moved to the end of its occurrence, W0 is not filled up.
    assert_eq!(
        of(Dialect::GnuCobol, TABLES),
        "X0=0 Y0=0 Y1=0 Y2=4 Z0=11 X1=24 W0=28 W1=32 W2=40 W3=40 W4=41 W5=56 V0=57 V1=60 V2=64 V3=67 V4=81 \
         U0=82 U1=84 U2=91 U3=106 T0=107 T1=108 T2=116 T3=117 S0=118 S1=120 S2=124 S3=125 126"
    );
    // Slack goes before a group that begins with the item, and behind the last item of an occurrence.
    assert_eq!(
        of(
            Dialect::Ibm,
            "01 L.\n05 M PIC X(5).\n05 N PIC XX.\n05 O.\n10 P PIC S9(6) COMP SYNC.\n10 Q PIC X."
        ),
        "M=0 N=5 O=8 P=8 Q=12 13"
    );
    assert_eq!(
        of(
            Dialect::Ibm,
            "01 W.\n05 CODE1 PIC X.\n05 T OCCURS 10.\n10 TYP PIC X.\n10 PAY PIC S9(4)V99 COMP SYNC.\n10 HRS PIC S9(3) COMP SYNC.\n10 NAME PIC X(5).\n05 E PIC X."
        ),
        "CODE1=0 T=1 TYP=1 PAY=4 HRS=8 NAME=10 E=161 162"
    );
}

#[test]
fn on_a_record() {
    let record = "01 S SYNC.\n05 S0 PIC X.\n05 S1 PIC S9(8) COMP.\n05 S2 PIC X.";
    assert_eq!(of(Dialect::Ibm, record), "S0=0 S1=4 S2=8 9");
    assert_eq!(of(Dialect::GnuCobol, record), "S0=0 S1=1 S2=5 6");
}

#[test]
fn a_group_is_aligned_by_the_usage_it_hands_to_its_first_item() {
    let lines = "01 R.\n05 A PIC X.\n05 G COMP.\n10 H.\n15 B PIC S9(9) SYNC.\n10 C PIC S9(4).";
    assert_eq!(of(Dialect::Ibm, lines), "A=0 G=4 H=4 B=4 C=8 10");
}
