//! The copybooks of the sample company, as they stand in the repository, compile with their meanings.

use std::path::Path;

use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};

#[test]
fn sample_copybooks_compile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../copybooks");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "cpy") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_str().unwrap();
        let copybook = Copybook::parse(CopybookText { file, text: &text }).unwrap();
        let meaning = std::fs::read_to_string(path.with_extension("meaning.toml")).unwrap();
        let meaning = Meaning::parse("meaning", &meaning).unwrap();
        let options = LayoutOptions {
            code_page: CodePage::Cp037,
            ..LayoutOptions::default()
        };
        let layout = match Layout::compile(&copybook, Some(&meaning), &options) {
            Ok(layout) => layout,
            Err(faults) => panic!("{file}: {faults:#?}"),
        };
        println!("{}", layout.listing());
        seen += 1;
    }
    assert!(seen > 0);
}
