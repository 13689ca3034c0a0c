//! Every code page against the three programs that have tables of their own: ICU's `uconv`, glibc's `iconv`, the JDK.
//!
//! Each is given all bytes and pairs of a page that are characters here, and must give the same text, but for what
//! [`DIFFER`] lists: those bytes are left out, and each is one that the two other programs have as it is here, or
//! (1155) that one other has, or (the old pages of [`FEWER`]) that IBM's own table has. A program that is not installed is not asked, with a message; CI installs all three.

use std::io::Write as _;
use std::process::{Command, Stdio};

use parsers::CodePage;

/// Page, program, bytes or pairs that it has otherwise.
const DIFFER: &[(u16, &str, &str)] = &[
    // glibc has those two in part, 880 without a few letters, 905 with an ogonek and a dot that Latin 3 has otherwise.
    (
        274,
        "iconv",
        "41-49 51-59 62-69 70-78 80 8A-90 9A-A0 AA-BF CA-CF DA-DF E1 EA-EF FA-FE",
    ),
    (
        275,
        "iconv",
        "41-49 51-59 62-69 70-78 80 8A-90 9A-A0 AA-BF CA-CF DA-DF E1 EA-EF FA-FE",
    ),
    (880, "iconv", "41 45 55 64 6A 73-74 79 A1 C0 D0"),
    (905, "iconv", "41 9D B0 B7"),
    (278, "iconv", "71 E0"),
    (285, "iconv", "A1"),
    // glibc's 290 has the code points of another page's Katakana, and its 918 isolated forms of letters.
    (290, "iconv", "41-BF C0 D0"),
    (918, "iconv", "41-FE"),
    (420, "iconv", "45"),
    (424, "iconv", "78 8F B3 BC"),
    (870, "iconv", "B0"),
    (871, "iconv", "4A C0"),
    (875, "iconv", "6A 74 DD"),
    (1026, "iconv", "9D BC"),
    (1132, "iconv", "70"),
    // ICU has the Turkish lira here, in place of a currency sign; iconv and the JDK keep the older table.
    (1026, "uconv", "9A"),
    (1155, "iconv", "9A"),
    (1122, "java", "BC"),
    // The PC's SUB, FS and DEL.
    (437, "uconv", "1A 1C 7F E6"),
    (850, "uconv", "1A 1C 7F"),
    (852, "uconv", "1A 1C 7F AA"),
    (858, "uconv", "1A 1C 7F"),
    (866, "uconv", "1A 1C 7F"),
    // The JDK's Japanese is Microsoft's.
    (930, "java", "426A 43A1 444A 447C"),
    (939, "java", "4260 426A 43A1 444A 447C"),
];

/// Pages that fewer than two of the programs have, and what else they were held against.
const FEWER: &[(u16, &str)] = &[
    (
        274,
        "IBM's own table in ICU's archive; iconv agrees where it has a character",
    ),
    (
        275,
        "IBM's own table in ICU's archive; iconv agrees where it has a character",
    ),
    (
        880,
        "IBM's own table in ICU's archive; iconv agrees but for one character and ten that it lacks",
    ),
    (
        905,
        "IBM's own table in ICU's archive; iconv agrees but for two characters and two that it lacks",
    ),
    (
        924,
        "1047 with 11 bytes changed; IBM's own table in ICU's archive is the same",
    ),
];

/// What each program calls the page, or `None`.
fn name_for(program: &str, ccsid: u16) -> Option<String> {
    Some(match (program, ccsid) {
        ("uconv", 274 | 275 | 880 | 905) => return None,
        ("uconv", 37) => "ibm-37".to_owned(),
        ("uconv", 420) => "ibm-420_X120-1999".to_owned(),
        ("uconv", 1390) => "ibm-1390".to_owned(),
        ("uconv", _) => format!("ibm-{ccsid}"),
        ("iconv", 838) => return None,
        ("iconv", _) => format!("IBM{ccsid:03}"),
        ("java", 838) => "IBM-Thai".to_owned(),
        ("java", 858 | 1140..=1149) => format!("IBM{ccsid:05}"),
        ("java", 875 | 930..=939 | 1025 | 1097 | 1112 | 1122 | 1123 | 1364) => {
            format!("x-IBM{ccsid}")
        }
        ("java", 274 | 275 | 880 | 905 | 1130..=1137 | 1153.. | 300 | 834..=837) => return None,
        ("java", _) => format!("IBM{ccsid:03}"),
        _ => return None,
    })
}

/// Whether a byte or pair is listed as different.
fn differs(ccsid: u16, program: &str, unit: &[u8]) -> bool {
    // The JDK takes 15 for LF, and in 1047 swaps it with 25.
    if program == "java" && (unit == [0x15] || (ccsid == 1047 && unit == [0x25])) {
        return true;
    }
    let hex: String = unit.iter().map(|byte| format!("{byte:02X}")).collect();
    DIFFER
        .iter()
        .filter(|(page, who, _)| *page == ccsid && *who == program)
        .flat_map(|(_, _, list)| list.split(' '))
        .any(|item| match item.split_once('-') {
            Some((from, to)) => (from..=to).contains(&hex.as_str()),
            None => item == hex,
        })
}

/// The bytes of a page that are characters, with their text: first single ones, then pairs between shifts.
fn everything(page: CodePage, ccsid: u16, program: &str) -> (Vec<u8>, String) {
    let mut bytes = Vec::new();
    let mut text = String::new();
    for byte in 0..=255 {
        let character = page.decode(byte);
        if character != '\u{fffd}' && !differs(ccsid, program, &[byte]) {
            bytes.push(byte);
            text.push(character);
        }
    }
    let Some(pairs) = page.double_byte() else {
        return (bytes, text);
    };
    bytes.push(0x0e);
    for lead in 0x41..=0xfe {
        for trail in 0x41..=0xfe {
            let pair = [lead, trail];
            if !differs(ccsid, program, &pair) && pairs.decode_to(&pair, &mut text).is_ok() {
                bytes.extend(pair);
            }
        }
    }
    bytes.push(0x0f);
    (bytes, text)
}

/// A program's output for some input, or `None` where it is not installed or knows no such page.
fn run(program: &str, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let started = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        println!("{program} not found: not run");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that does not know the page ends without reading.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    let _written = writer.join().unwrap();
    output.status.success().then_some(output.stdout)
}

fn pages() -> impl Iterator<Item = (CodePage, u16)> {
    let mixed = |page: &CodePage| page.double_byte().is_some_and(|double| double != *page);
    CodePage::ALL
        .iter()
        .filter(move |page| page.name().starts_with("cp") && (page.is_single_byte() || mixed(page)))
        .filter_map(|page| Some((*page, page.ccsid()?)))
        .filter(|(page, _)| *page != CodePage::Cp924)
}

fn check(program: &str, page: CodePage, ours: &str, theirs: &str) {
    if let Some(at) = ours.chars().zip(theirs.chars()).position(|(a, b)| a != b) {
        let pair = (ours.chars().nth(at), theirs.chars().nth(at));
        panic!("{page} and {program}: character {at} is {pair:?}");
    }
    assert_eq!(ours.len(), theirs.len(), "{page} and {program}");
}

fn compare(program: &str, least: usize) {
    let mut compared = 0;
    for (page, ccsid) in pages() {
        let Some(name) = name_for(program, ccsid) else {
            continue;
        };
        let (bytes, text) = everything(page, ccsid, program);
        let Some(output) = run(program, &["-f", &name, "-t", "UTF-8"], &bytes) else {
            println!("{program} has no {name}");
            continue;
        };
        check(program, page, &text, &String::from_utf8(output).unwrap());
        compared += 1;
    }
    assert!(
        compared == 0 || compared >= least,
        "{program}: {compared} pages"
    );
}

#[test]
fn tables_equal_icu() {
    compare("uconv", 55);
}

#[test]
fn tables_equal_glibc() {
    compare("iconv", 55);
}

/// Lines of a charset's name and bytes in hexadecimal come back as UTF-16 in hexadecimal.
const JAVA: &str = r#"
import java.nio.ByteBuffer;
import java.nio.charset.*;
import java.util.*;

public class Pages {
    public static void main(String[] args) throws Exception {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNext()) {
            String name = lines.next();
            byte[] bytes = HexFormat.of().parseHex(lines.next());
            StringBuilder line = new StringBuilder(name);
            if (Charset.isSupported(name)) {
                line.append(' ');
                String text = Charset.forName(name).newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE)
                    .decode(ByteBuffer.wrap(bytes)).toString();
                for (int at = 0; at < text.length(); at++) line.append(String.format("%04x", (int) text.charAt(at)));
            }
            System.out.println(line);
        }
    }
}
"#;

#[test]
fn tables_equal_the_jdk() {
    let folder = std::env::temp_dir().join(format!("figway-charset-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = folder.join("Pages.java");
    std::fs::write(&source, JAVA).unwrap();
    let mut input = String::new();
    let mut asked = Vec::new();
    for (page, ccsid) in pages() {
        if let Some(name) = name_for("java", ccsid) {
            let (bytes, text) = everything(page, ccsid, "java");
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            input.push_str(&format!("{name} {hex}\n"));
            asked.push((page, text));
        }
    }
    let output = run("java", &[source.to_str().unwrap()], input.as_bytes());
    std::fs::remove_dir_all(&folder).unwrap();
    let Some(output) = output else {
        println!("no JDK: not run");
        return;
    };
    let mut compared = 0;
    let output = String::from_utf8(output).unwrap();
    for ((page, ours), line) in asked.iter().zip(output.lines()) {
        let Some((_, hex)) = line.split_once(' ') else {
            println!("the JDK has no {line}");
            continue;
        };
        let units: Vec<u16> = hex
            .as_bytes()
            .chunks(4)
            .map(|unit| u16::from_str_radix(std::str::from_utf8(unit).unwrap(), 16).unwrap())
            .collect();
        check("the JDK", *page, ours, &String::from_utf16(&units).unwrap());
        compared += 1;
    }
    assert_eq!(output.lines().count(), asked.len());
    assert!(compared >= 40, "{compared} pages");
}

#[test]
fn each_page_has_two_judges() {
    let judges = |ccsid: u16| {
        let knows = |program: &str| {
            let name = name_for(program, ccsid);
            let asked =
                name.and_then(|name| run(program, &["-f", &name, "-t", "UTF-8"], b"\x40\x40"));
            asked.is_some()
        };
        let java = usize::from(name_for("java", ccsid).is_some());
        usize::from(knows("uconv")) + usize::from(knows("iconv")) + java
    };
    if ["uconv", "iconv"]
        .iter()
        .any(|program| run(program, &["--version"], b"").is_none())
    {
        println!("uconv and iconv: not run");
        return;
    }
    let all = CodePage::ALL.iter().filter(|page| {
        let mixed = page.double_byte().is_some_and(|double| double != **page);
        page.name().starts_with("cp") && (page.is_single_byte() || mixed)
    });
    let found: Vec<u16> = all
        .filter_map(|page| page.ccsid())
        .filter(|ccsid| judges(*ccsid) < 2)
        .collect();
    let listed: Vec<u16> = FEWER.iter().map(|(ccsid, _)| *ccsid).collect();
    assert_eq!(found, listed, "pages that fewer than two programs have");
}
