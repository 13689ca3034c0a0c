use super::*;

/// A folder with these files, and the copybook's path.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn names(folder: &Path, directories: &[&str]) -> String {
    let directories: Vec<PathBuf> = directories.iter().map(|name| folder.join(name)).collect();
    let found = read(&Files {
        copybook: &folder.join("MAIN.cpy"),
        meaning: None,
        directories: &directories,
        text: TextOptions::default(),
    });
    let shown = match found {
        Ok(book) => match &book.copybook {
            Ok(copybook) => copybook.files().collect::<Vec<_>>().join("\n"),
            Err(_) => book.faults().to_string(),
        },
        Err(unread) => Faults::from(unread).to_string(),
    };
    shown.replace(folder.to_str().unwrap(), ".")
}

const MEMBER: &str = "           05 A PIC X.\n";

#[test]
fn members_are_found_beside_the_copybook_then_in_each_directory_in_either_case() {
    let folder = folder(&[
        (
            "MAIN.cpy",
            "       01 R.\n       COPY BESIDE.\n       COPY First.\n       COPY SECOND OF LIB.\n       COPY 'sub/third.cpy'.\n       EXEC SQL INCLUDE BESIDE END-EXEC.\n",
        ),
        ("beside.CPY", MEMBER),
        ("one/beside.cpy", "not read: the one beside comes first"),
        ("one/FIRST", MEMBER),
        ("two/first", "not read: one comes first"),
        ("two/lib/second.cbl", MEMBER),
        ("two/SUB/third.cpy", MEMBER),
    ]);
    insta::assert_snapshot!(names(folder.path(), &["one", "two"]), @"
./MAIN.cpy
./beside.CPY
./one/FIRST
./two/lib/second.cbl
./two/SUB/third.cpy
./beside.CPY
");
}

#[test]
fn a_name_never_leads_out_of_the_directories() {
    let folder = folder(&[
        (
            "lib/MAIN.cpy",
            "       01 R.\n       COPY '../secret.cpy'.\n       COPY '/etc/passwd'.\n       COPY 'a/../../secret'.\n       COPY SECRET OF '..'.\n",
        ),
        ("secret.cpy", MEMBER),
    ]);
    let lib = folder.path().join("lib");
    insta::assert_snapshot!(names(&lib, &[]), @"
error: COPY ../secret.cpy: wanted a name below an include directory, without `..` or a root
 --> ./MAIN.cpy:2:13
  |
2 |        COPY '../secret.cpy'.
  |             ^^^^^^^^^^^^^^^

error: COPY /etc/passwd: wanted a name below an include directory, without `..` or a root
 --> ./MAIN.cpy:3:13
  |
3 |        COPY '/etc/passwd'.
  |             ^^^^^^^^^^^^^

error: COPY a/../../secret: wanted a name below an include directory, without `..` or a root
 --> ./MAIN.cpy:4:13
  |
4 |        COPY 'a/../../secret'.
  |             ^^^^^^^^^^^^^^^^

error: COPY SECRET: wanted a name below an include directory, without `..` or a root
 --> ./MAIN.cpy:5:13
  |
5 |        COPY SECRET OF '..'.
  |             ^^^^^^
");
}

#[test]
fn faults_of_a_member_are_shown_in_its_own_lines() {
    let folder = folder(&[
        (
            "MAIN.cpy",
            "       01 R.\n       COPY BAD.\n       COPY MISSING.\n",
        ),
        ("lib/BAD.cpy", "      * a comment\n           05 A PIC Q.\n"),
        ("lib/MISSING.cpy/is-a-directory", ""),
        ("MAIN.meaning.toml", "key = [\n"),
    ]);
    insta::assert_snapshot!(names(folder.path(), &["lib"]), @"
error: COPY MISSING: no member of that name
 --> ./MAIN.cpy:3:13
  |
3 |        COPY MISSING.
  |             ^^^^^^^
  |
  = help: name the directory it is in as an include directory

error: picture `Q`: `Q` is no picture symbol
 --> ./lib/BAD.cpy:2:21
  |
2 |            05 A PIC Q.
  |                     ^

error: unclosed array, expected `]`
 --> ./MAIN.meaning.toml:1:8
  |
1 | key = [
  |        ^
");
    insta::assert_snapshot!(names(folder.path(), &["nowhere"]), @"
error: COPY BAD: ./nowhere: No such file or directory (os error 2)
 --> ./MAIN.cpy:2:13
  |
2 |        COPY BAD.
  |             ^^^

error: COPY MISSING: ./nowhere: No such file or directory (os error 2)
 --> ./MAIN.cpy:3:13
  |
3 |        COPY MISSING.
  |             ^^^^^^^

error: unclosed array, expected `]`
 --> ./MAIN.meaning.toml:1:8
  |
1 | key = [
  |        ^
");
}

#[test]
fn comments_in_an_old_code_page_do_no_harm() {
    let folder = folder(&[]);
    let latin: &[u8] = b"      * Gr\xf6\xdfe\n       01 R PIC X. *> \xe4\n";
    std::fs::write(folder.path().join("MAIN.cpy"), latin).unwrap();
    assert_eq!(names(folder.path(), &[]), "./MAIN.cpy");
}

#[test]
fn a_copybook_that_was_never_translated_is_told() {
    let mut bytes = Vec::new();
    let text = "       01  LOT.    05  QTY   PIC 9(4).        ";
    parsers::CodePage::Cp037
        .encode_to(text, &mut bytes)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("MAIN.cpy"), bytes).unwrap();
    insta::assert_snapshot!(names(folder.path(), &[]), @r"
    error: cannot be read: it is EBCDIC: transfer it as text, not as binary
    --> ./MAIN.cpy
    ");
}

#[test]
fn a_fault_in_rules_of_a_later_day_shows_before_it() {
    let folder = folder(&[
        ("MAIN.cpy", "       01 R.\n           05 A PIC X.\n"),
        (
            "MAIN.meaning.toml",
            "version = 1\nkey = [\"A\"]\n[[change]]\nfrom = 9998-01-01\n[change.fields.B]\nname = \"b\"\n",
        ),
    ]);
    let book = read(&Files {
        copybook: &folder.path().join("MAIN.cpy"),
        meaning: None,
        directories: &[],
        text: TextOptions::default(),
    });
    let faults = book.unwrap().layout(&LayoutOptions::default()).unwrap_err();
    assert!(faults.to_string().contains("`B`"), "{faults}");
}

/// What is told of a configuration of `entries`, and its layout's options where there is nothing to tell.
fn configured(folder: &Path, entries: &str) -> String {
    #[derive(serde::Deserialize)]
    struct File {
        file: toml::Spanned<PathBuf>,
        meaning: Option<toml::Spanned<PathBuf>>,
        #[serde(default)]
        copy_directories: Vec<PathBuf>,
        source_format: Option<toml::Spanned<String>>,
        #[serde(default)]
        decimal_comma: bool,
        code_page: Option<toml::Spanned<String>>,
        record: Option<toml::Spanned<String>>,
        layout: Option<toml::Spanned<parsers::LayoutWords>>,
    }
    let text = Source::new("a.toml", entries);
    let file: File = text.toml().unwrap();
    let named = Named {
        copybook: &file.file,
        meaning: file.meaning.as_ref(),
        copy_directories: &file.copy_directories,
        source_format: file.source_format.as_ref(),
        decimal_comma: file.decimal_comma,
        code_page: file.code_page.as_ref(),
        record: file.record.as_ref(),
        layout: file.layout.as_ref(),
    };
    let shown = match named.layout(&text, folder) {
        Ok(layout) => {
            let mut shown = layout.code_page().to_string();
            for field in layout.fields() {
                shown += &format!(" {}: {} {:?}", field.name(), field.len(), field.kind());
            }
            format!("{shown}; key {}", layout.key().len())
        }
        Err(faults) => faults.to_string(),
    };
    shown.replace(folder.to_str().unwrap(), ".")
}

#[test]
fn every_fault_of_a_configuration_and_of_what_it_names_is_told_at_once() {
    let folder = folder(&[("MAIN.cpy", "       01 R.\n       05 A PIC Q.\n")]);
    let told = configured(
        folder.path(),
        "file = \"MAIN.cpy\"\ncode_page = \"cp9\"\nlayout = { dialect = \"vs\" }\n",
    );
    insta::assert_snapshot!(told, @r#"
error: unknown code page `cp9`: wanted a number of IBM's such as 037, 273, 1047 or 1140 (also written cp037, ibm-037, CCSID 37) or a charset such as utf-8, windows-1252 or shift_jis
 --> a.toml:2:13
  |
2 | code_page = "cp9"
  |             ^^^^^

error: dialect: wanted ibm or mf or gnucobol, got `vs`
 --> a.toml:3:10
  |
3 | layout = { dialect = "vs" }
  |          ^^^^^^^^^^^^^^^^^^

error: picture `Q`: `Q` is no picture symbol
 --> ./MAIN.cpy:2:17
  |
2 |        05 A PIC Q.
  |                 ^
"#);
}

#[test]
fn files_that_are_not_there_are_told_where_they_are_named() {
    let folder = folder(&[("MAIN.cpy", "       01 R PIC X.\n")]);
    let told = configured(folder.path(), "file = \"MAIN.cpy\"\nmeaning = \"M.toml\"\n");
    insta::assert_snapshot!(told, @r#"
error: ./M.toml cannot be read: No such file or directory (os error 2)
 --> a.toml:2:11
  |
2 | meaning = "M.toml"
  |           ^^^^^^^^
"#);
    let told = configured(
        folder.path(),
        "file = \"MINE.cpy\"\nsource_format = \"fixed\"\n",
    );
    insta::assert_snapshot!(told, @r#"
error: ./MINE.cpy cannot be read: No such file or directory (os error 2)
 --> a.toml:1:8
  |
1 | file = "MINE.cpy"
  |        ^^^^^^^^^^
"#);
    let told = configured(
        folder.path(),
        "file = \"MINE.cpy\"\nsource_format = \"wide\"\n",
    );
    insta::assert_snapshot!(told, @r#"
error: wanted a source format (auto, fixed, free, or columns such as 7:8-72), got `wide`
 --> a.toml:2:17
  |
2 | source_format = "wide"
  |                 ^^^^^^
"#);
}

#[test]
fn every_entry_of_a_configuration_reaches_the_layout() {
    let folder = folder(&[
        ("MAIN.cpy", "       01 R PIC X.\n"),
        (
            "OTHER.cpy",
            "01 R PIC X.\n01 S.\n05 A PIC 9,9.\nCOPY MEMBER.\n",
        ),
        ("MEMBERS/MEMBER.cpy", "05 B PIC X.\n05 C PIC 9 COMP.\n"),
        ("SAID.toml", "version = 1\nkey = [\"A\"]\n"),
    ]);
    assert_eq!(
        configured(folder.path(), "file = \"MAIN.cpy\"\n"),
        "cp037 R: 1 Text { chars: 1 }; key 0"
    );
    let told = configured(
        folder.path(),
        "file = \"OTHER.cpy\"\nmeaning = \"SAID.toml\"\ncopy_directories = [\"MEMBERS\"]\nsource_format = \"free\"\n\
         decimal_comma = true\ncode_page = \"1047\"\nrecord = \"S\"\nlayout = \"dialect = gnucobol; edited = number\"\n",
    );
    assert_eq!(
        told,
        "cp1047 S: 5 Group A: 3 Number { digits: 2, storage_digits: 2, scale: 1, signed: false } \
         B: 1 Text { chars: 1 } C: 1 Number { digits: 1, storage_digits: 3, scale: 0, signed: false }; key 1"
    );
}
