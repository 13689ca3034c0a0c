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
        Ok(book) => {
            let files: Vec<&str> = book.copybook.files().collect();
            files.join("\n")
        }
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
