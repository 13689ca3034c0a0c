use super::*;

fn check(text: &str) -> String {
    match parse(text, &Symbols::default()) {
        Ok(picture) => format!("{:?} {}", picture.kind(), picture.positions()),
        Err(bad) => format!("{} at {}+{}", bad.message, bad.at, bad.len),
    }
}

#[test]
fn pictures() {
    let shown: Vec<String> = [
        "X",
        "x(10)",
        "A(3)",
        "XXA9",
        "9(5)",
        "S9(7)V99",
        "SV99",
        "9PPP",
        "SPP9(3)",
        "VPP9",
        "9(3)P(2)V",
        "Z(5)9.99-",
        "$$,$$9.99CR",
        "**9",
        "XXBXX",
        "9(18)V9(20)",
        "-(4)9",
        "99/99/9999",
        "N(5)",
        "N(2)BN(2)",
        "G(4)",
        "U(8)",
        "+9.9(7)E+99",
        "$$$,$$9.99CR",
        "+(3)9V99",
        "S9(4).99",
        ",999",
    ]
    .iter()
    .map(|text| format!("{text}: {}", check(text)))
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
X: Alphanumeric 1
x(10): Alphanumeric 10
A(3): Alphabetic 3
XXA9: Alphanumeric 4
9(5): Numeric { signed: false, digits: 5, scale: 0 } 5
S9(7)V99: Numeric { signed: true, digits: 9, scale: 2 } 9
SV99: Numeric { signed: true, digits: 2, scale: 2 } 2
9PPP: Numeric { signed: false, digits: 1, scale: -3 } 1
SPP9(3): Numeric { signed: true, digits: 3, scale: 5 } 3
VPP9: Numeric { signed: false, digits: 1, scale: 3 } 1
9(3)P(2)V: Numeric { signed: false, digits: 3, scale: -2 } 3
Z(5)9.99-: NumericEdited 10
$$,$$9.99CR: NumericEdited 11
**9: NumericEdited 3
XXBXX: AlphanumericEdited 5
9(18)V9(20): Numeric { signed: false, digits: 38, scale: 20 } 38
-(4)9: NumericEdited 5
99/99/9999: NumericEdited 10
N(5): National 5
N(2)BN(2): NationalEdited 5
G(4): DoubleByte 4
U(8): Utf8 8
+9.9(7)E+99: ExternalFloat 14
$$$,$$9.99CR: NumericEdited 12
+(3)9V99: NumericEdited 6
S9(4).99: NumericEdited 7
,999: NumericEdited 4
");
}

#[test]
fn wrong_pictures() {
    let shown: Vec<String> = [
        "9(",
        "9()",
        "9(0)",
        "XS9",
        "X9V9",
        "S",
        "V",
        "9V9V9",
        "9P9",
        "9(39)",
        "N(5)X",
        "9(5)Q",
        "SZ9",
        "(5)",
        "9(99999999999)",
        "V9P",
        "9.9.9",
        "+9-",
        "ZZ9Z",
        "Z*9",
        "9.ZZ",
        "$$ZZ9",
        "9CR9",
        "99+9",
        "9E9",
        "X,X",
        "NX",
        "9(8)+(8)",
        "9$9",
        "P9Z",
        "ZP9",
        "P9.9",
        "99+9-",
    ]
    .iter()
    .map(|text| format!("{text}: {}", check(text)))
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
9(: wanted a repetition as in `9(5)` at 1+1
9(): wanted a repetition as in `9(5)` at 1+2
9(0): a repetition of 0 positions: wanted at least 1 at 0+4
XS9: `S` must stand once, as the first symbol at 1+1
X9V9: X and A do not go with S, V or P at 0+4
S: wanted 1 to 38 digits (9 and P), got 0 at 0+1
V: wanted 1 to 38 digits (9 and P), got 0 at 0+1
9V9V9: a second decimal point at 3+1
9P9: `9` after `P`: P stands at one end of the digits at 2+1
9(39): more than 38 digits at 0+5
N(5)X: `X` does not go with N at 4+1
9(5)Q: `Q` is no picture symbol at 4+1
SZ9: S does not go with editing symbols at 0+3
(5): wanted a repetition as in `9(5)` at 0+3
9(99999999999): wanted a repetition as in `9(5)` at 1+13
V9P: `P` right of the decimal point and of a digit at 2+1
9.9.9: a second decimal point at 1+1
+9-: more than one kind of sign at 0+1
ZZ9Z: a leading zero cannot be replaced right of a `9` at 3+1
Z*9: only one of Z, * and a floating + - or currency replaces zeros at 1+1
9.ZZ: a leading zero cannot be replaced right of a `9` at 2+1
$$ZZ9: only one of Z, * and a floating + - or currency replaces zeros at 0+1
9CR9: CR and DB stand at the end at 1+2
99+9: a sign stands first or last at 2+1
9E9: wanted a picture such as `+9.9(7)E+99` at 0+3
X,X: `,` does not go with X and A at 1+1
NX: `X` does not go with N at 1+1
9(8)+(8): a floating string stands left of every `9` at 4+4
9$9: a currency symbol stands first, or behind the sign at 1+1
P9Z: behind a leading `P` every digit is a `9` at 2+1
ZP9: a digit after `P`: P stands at one end of the digits at 2+1
P9.9: a second decimal point: `P` implies one at 2+1
99+9-: more than one kind of sign at 2+1
");
}
