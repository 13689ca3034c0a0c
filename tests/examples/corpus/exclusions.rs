//! Options that the peer refuses: those that exclude each other, want another, or are none.
//!
//! In: [`Options`]. Out: nothing, or what is wrong with them.

use anyhow::{Result, ensure};

use super::known;
use super::options::Options;

/// An option, and those that it cannot stand with.
const EXCLUDES: [(&str, &[&str]); 8] = [
    (
        "record_format",
        &["is_xcom", "is_record_sequence", "is_text"],
    ),
    (
        "record_extractor",
        &[
            "record_length",
            "is_record_sequence",
            "is_xcom",
            "is_rdw_big_endian",
            "is_rdw_part_of_record_length",
            "rdw_adjustment",
            "record_length_field",
            "record_header_parser",
            "rhp_additional_info",
        ],
    ),
    (
        "record_length",
        &[
            "is_record_sequence",
            "is_xcom",
            "minimum_record_length",
            "maximum_record_length",
            "is_rdw_big_endian",
            "is_rdw_part_of_record_length",
            "rdw_adjustment",
            "record_length_field",
            "record_header_parser",
            "rhp_additional_info",
        ],
    ),
    ("record_length_field", &["is_record_sequence", "is_xcom"]),
    ("record_header_name", &["file_start_offset"]),
    ("record_trailer_name", &["file_end_offset"]),
    ("copybook", &["copybooks"]),
    ("is_xcom", &["record_length"]),
];

/// # Errors
/// The first thing that is wrong.
pub fn check(options: &Options) -> Result<()> {
    let has = |name: &str| options.text(name).is_some();
    let on = |name: &str| options.flag(name, false);
    for (one, others) in EXCLUDES.iter().filter(|(one, _)| has(one)) {
        let other = others.iter().find(|other| has(other));
        ensure!(other.is_none(), "option {one} cannot stand with {other:?}");
    }
    if on("is_text") {
        const WORDS: [&str; 7] = [
            "is_rdw_big_endian",
            "is_rdw_part_of_record_length",
            "rdw_adjustment",
            "is_xcom",
            "record_length",
            "record_header_parser",
            "rhp_additional_info",
        ];
        let other = WORDS.iter().find(|other| has(other));
        ensure!(
            other.is_none(),
            "option is_text cannot stand with {other:?}"
        );
        ensure!(
            !has("record_extractor"),
            "option record_extractor cannot stand with is_text"
        );
    }
    ensure!(
        options.flag("enable_indexes", true) || !on("enable_index_cache"),
        "option enable_index_cache wants enable_indexes"
    );
    let ends = options
        .text("record_header_name")
        .zip(options.text("record_trailer_name"));
    ensure!(
        !ends.is_some_and(|(header, trailer)| header.eq_ignore_ascii_case(trailer)),
        "one record cannot be header and trailer"
    );
    words(options)?;
    let unknown = known::unknown(options);
    ensure!(
        unknown.is_empty() || !on("pedantic"),
        "options that are none: {unknown:?}"
    );
    ensure!(
        has("record_length_field") || !has("record_length_map"),
        "option record_length_map wants record_length_field"
    );
    let encoding = options.text("encoding").unwrap_or_default().to_lowercase();
    ensure!(
        encoding != "ebcdic" || !has("ascii_charset"),
        "option ascii_charset is for ASCII"
    );
    ensure!(
        encoding != "ascii" || !has("ebcdic_code_page"),
        "option ebcdic_code_page is for EBCDIC"
    );
    ensure!(
        !(on("display_pic_always_string") && on("strict_integral_precision")),
        "display_pic_always_string and strict_integral_precision exclude each other"
    );
    let (least, most): (Option<i64>, Option<i64>) = (
        options.number("minimum_record_length")?,
        options.number("maximum_record_length")?,
    );
    ensure!(
        least.is_none_or(|least| least >= 1) && most.is_none_or(|most| most >= 1),
        "record lengths are at least 1"
    );
    if let (Some(least), Some(most)) = (least, most) {
        ensure!(least <= most, "records of {least} to {most} bytes");
    }
    if !options.segment_parents()?.is_empty() {
        let ids = has("segment_id_root") || has("segment_id_level0");
        ensure!(
            !ids && !on("generate_record_bytes") && !on("generate_corrupt_fields"),
            "records put together have neither segment ids nor bytes nor corrupt fields"
        );
    }
    let policy = options
        .text("variable_size_occurs")
        .unwrap_or("false")
        .to_lowercase();
    ensure!(
        ["false", "max_size", "true", "shift_record", "pad_record"].contains(&policy.as_str()),
        "option variable_size_occurs: {policy} is no policy"
    );
    let naming = options
        .text("filler_naming_policy")
        .unwrap_or("sequence_numbers");
    ensure!(
        ["sequence_numbers", "previous_field_name"].contains(&naming),
        "option filler_naming_policy: {naming} is no policy"
    );
    ensure!(
        options.flag("truncate_comments", true)
            || !(has("comments_lbound") || has("comments_ubound")),
        "where nothing is cut there are no columns to cut at"
    );
    Ok(())
}

/// Options of which only some words are known, with those.
const WORDS: [(&str, &[&str]); 2] = [
    (
        "schema_retention_policy",
        &[
            "keep_original",
            "collapse_root",
            "keeporiginal",
            "collapseroot",
        ],
    ),
    (
        "metadata",
        &["no_metadata", "no", "false", "basic", "extended"],
    ),
];

fn words(options: &Options) -> Result<()> {
    for (name, words) in WORDS {
        let word = options.text(name).map(str::to_lowercase);
        ensure!(
            word.as_deref().is_none_or(|word| words.contains(&word)),
            "option {name}: {word:?} is none of {words:?}"
        );
    }
    let lines = options.flag("is_text", false)
        || options
            .text("record_format")
            .is_some_and(|format| ["D", "D2", "T"].contains(&format.to_uppercase().as_str()));
    let debug = options.text("debug").unwrap_or_default().to_lowercase();
    ensure!(
        debug != "string" || lines,
        "option debug: string is for lines of text"
    );
    Ok(())
}
