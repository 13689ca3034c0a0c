//! Every option name of the peer: what the runner does about it.
//!
//! In: [`Options`]. Out: names that the peer does not have, and the reason why a case cannot be run. An option that is
//! in none of the lists is unknown to the peer: it passes over it, or refuses it where `pedantic` is set.

use super::options::{Options, UNMAPPED};

/// Options that change the answer, which the other modules read.
const MAPPED: [&str; 49] = [
    "allow_partial_records",
    "ascii_charset",
    "bdw_adjustment",
    "binary_as_hex",
    "block_length",
    "comments_lbound",
    "comments_ubound",
    "debug",
    "debug_ignore_file_size",
    "display_pic_always_string",
    "drop_group_fillers",
    "drop_value_fillers",
    "ebcdic_code_page",
    "encoding",
    "file_end_offset",
    "file_header_field",
    "file_start_offset",
    "file_trailer_field",
    "filler_naming_policy",
    "floating_point_format",
    "generate_corrupt_fields",
    "generate_record_bytes",
    "generate_record_id",
    "improved_null_detection",
    "is_bdw_big_endian",
    "is_rdw_big_endian",
    "is_rdw_part_of_record_length",
    "is_record_sequence",
    "is_text",
    "is_utf16_big_endian",
    "is_xcom",
    "maximum_record_length",
    "minimum_record_length",
    "non_terminals",
    "occurs_mappings",
    "pedantic",
    "rdw_adjustment",
    "record_end_offset",
    "record_format",
    "record_header_name",
    "record_length",
    "record_length_field",
    "record_length_map",
    "record_start_offset",
    "record_trailer_name",
    "records_per_block",
    "schema_retention_policy",
    "strict_integral_precision",
    "strict_sign_overpunching",
];

/// The same, read where records have types, tables counts, or values are written.
const MAPPED_MORE: [&str; 10] = [
    "segment_field",
    "segment_filter",
    "segment_id_prefix",
    "segment_id_root",
    "string_trimming_policy",
    "truncate_comments",
    "variable_size_occurs",
    "write_null_comp3_numbers_as_zeros",
    "write_null_display_numbers_as_zeros",
    "write_null_strings_as_spaces",
];

/// The same, with something behind the name.
const MAPPED_BEGINNINGS: [&str; 9] = [
    UNMAPPED,
    "field_code_page:",
    "redefine-rule",
    "redefine-segment-id-map",
    "redefine_rule",
    "redefine_segment_id_map",
    "segment-children",
    "segment_children",
    "segment_id_level",
];

/// Options that change how fast the peer is, where its files lie, or what it says beside the values.
const NO_ANSWER: [&str; 19] = [
    "copybook",
    "copybook_contents",
    "copybooks",
    "data_paths",
    "debug_layout_positions",
    "enable_index_cache",
    "enable_indexes",
    "enable_self_checks",
    "improve_locality",
    "input_split_records",
    "input_split_size_compressed_mb",
    "input_split_size_mb",
    "metadata",
    "optimize_allocation",
    "path",
    "paths",
    "re_additional_info",
    "rhp_additional_info",
    "strict_schema",
];

/// Options that nothing of ours can stand for, with the reason.
const SKIPPED: [(&str, &str); 4] = [
    (
        "ebcdic_code_page_class",
        "it needs a class of the peer's language",
    ),
    (
        "record_extractor",
        "it needs a class of the peer's language",
    ),
    (
        "record_header_parser",
        "it needs a class of the peer's language",
    ),
    (
        "with_input_file_name_col",
        "it shows the path that a file had on the peer's machine",
    ),
];

/// The options that the peer does not have.
pub fn unknown(options: &Options) -> Vec<&str> {
    let known = |name: &&str| {
        MAPPED.contains(name)
            || MAPPED_MORE.contains(name)
            || NO_ANSWER.contains(name)
            || MAPPED_BEGINNINGS
                .iter()
                .any(|begin| name.starts_with(begin))
            || SKIPPED.iter().any(|(own, _)| own == name)
    };
    options.names().filter(|name| !known(name)).collect()
}

/// Why a case with these options cannot be run.
pub fn skipped(options: &Options) -> Option<String> {
    if let Some((name, _)) = options.starting(UNMAPPED).next() {
        return Some(format!("nothing stands for its option {name}"));
    }
    let set = SKIPPED
        .iter()
        .find(|(name, _)| options.text(name).is_some_and(|value| !value.is_empty()));
    set.map(|(_, reason)| (*reason).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_the_peer_lacks_is_found() {
        let mut options = Options::default();
        options.set("Segment_Id_Level0", "A");
        options.set("record_fromat", "V");
        assert_eq!(unknown(&options), ["record_fromat"]);
    }

    #[test]
    fn a_class_of_the_peers_is_a_reason_to_skip() {
        let mut options = Options::default();
        options.set("record_extractor", "com.example.Reader");
        assert!(skipped(&options).is_some());
    }
}
