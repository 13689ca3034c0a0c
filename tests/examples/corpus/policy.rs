//! The peer's options as ours: reference format, code pages, and what is done about data that is not as it should be.

use anyhow::{Context, Result, bail};
use parsers::copybook::{Columns, Item, NoLibrary, SourceFormat, TextOptions};
use parsers::{
    BadCount, BinarySizes, CodePage, Controls, Copybook, CopybookText, Decimals, DisplayNumbers,
    Edited, Endian, Fill, Fillers, Floats, InvalidNumber, InvalidText, LayoutOptions, LowValueText,
    NativeOrder, Numbers, Odo, Overpunch, Oversize, Short, SignPolicy, TextPolicy, Trim,
    UnknownCharacter, WriteNull,
};

use super::json::Json;
use super::options::{Options, identifier};
use super::plan;

/// Parses a copybook in the columns that options name. Columns of no text are cut off by default: six on the left,
/// all after 72 on the right.
pub fn parse(text: CopybookText<'_>, options: &Options) -> Result<Copybook> {
    let cut = options.flag("truncate_comments", true);
    let (left, right): (Option<u16>, Option<u16>) = (
        options.number("comments_lbound")?,
        options.number("comments_ubound")?,
    );
    let format = match (cut, left, right) {
        (false, ..) => SourceFormat::Free,
        (true, None | Some(6), None | Some(72)) => SourceFormat::Fixed,
        (true, left, right) => {
            let left = left.unwrap_or(6);
            SourceFormat::Columns(Columns {
                indicator: left.saturating_add(1),
                start: left.saturating_add(2),
                end: right.unwrap_or(72),
            })
        }
    };
    let options = TextOptions {
        format,
        ..TextOptions::default()
    };
    Copybook::parse_with(text, &options, &mut NoLibrary)
        .map_err(super::book::first)
        .context("the copybook is refused")
}

/// How records of a copybook are read.
pub fn layout(options: &Options, copybook: &Copybook) -> Result<LayoutOptions> {
    let ebcdic = plan::is_ebcdic(options)?;
    let charset = options
        .text("ascii_charset")
        .filter(|name| !name.is_empty());
    let page = if ebcdic {
        options.text("ebcdic_code_page").unwrap_or("common")
    } else {
        charset.unwrap_or("utf-8")
    };
    let mut pages = Vec::new();
    for (page, fields) in options.starting("field_code_page:") {
        let page: CodePage = page.parse().context("option field_code_page")?;
        pages.extend(
            fields
                .split(',')
                .map(|field| (field.trim().replace('_', "-"), page)),
        );
    }
    Ok(LayoutOptions {
        code_page: page.parse().context("the code page")?,
        pages,
        odo: if plan::moving(options) {
            Odo::Moving
        } else {
            Odo::Maximum
        },
        counts: counts(options, copybook)?,
        floats: floats(options)?,
        native: NativeOrder::Is(Endian::Big),
        overpunch: Overpunch::Translated,
        utf16: if options.flag("is_utf16_big_endian", true) {
            Endian::Big
        } else {
            Endian::Little
        },
        edited: Edited::Number,
        numbers: Numbers {
            spaces: Fill::Null,
            low_values: Fill::Null,
            high_values: Fill::Null,
            invalid: InvalidNumber::Null,
            sign: if options.flag("strict_sign_overpunching", true) {
                SignPolicy::Preferred
            } else {
                SignPolicy::Lenient
            },
            display: DisplayNumbers::Explicit,
            oversize: Oversize::Null,
            decimals: Decimals::Round,
            null: WriteNull::LowValues,
        },
        text: text(
            options,
            ebcdic,
            charset.is_some_and(|name| name.eq_ignore_ascii_case("us-ascii")),
        )?,
        fillers: Fillers::Shown,
        binary_sizes: BinarySizes::TwoFourEightMore,
        short: Short::Cut,
        bad_count: BadCount::Most,
        ..LayoutOptions::default()
    })
}

fn text(options: &Options, ebcdic: bool, plain_ascii: bool) -> Result<TextPolicy> {
    let policy = options
        .text("string_trimming_policy")
        .unwrap_or("both")
        .to_lowercase();
    let all = policy == "keep_all";
    let nulls = options.flag("improved_null_detection", true) && !(all && (ebcdic || plain_ascii));
    Ok(TextPolicy {
        trim: trim(options)?,
        low_values: if nulls {
            LowValueText::Null
        } else {
            LowValueText::Keep
        },
        invalid: if ebcdic || plain_ascii {
            InvalidText::Blank
        } else {
            InvalidText::Replace
        },
        // What the peer's EBCDIC pages leave out of control characters is a matter of each page (`show`).
        controls: if all || ebcdic {
            Controls::Keep
        } else {
            Controls::Drop
        },
        oversize: Oversize::Truncate,
        unknown: UnknownCharacter::Blank,
        null: WriteNull::LowValues,
        ..TextPolicy::default()
    })
}

/// What the peer trims.
pub fn trim(options: &Options) -> Result<Trim> {
    let policy = options
        .text("string_trimming_policy")
        .unwrap_or("both")
        .to_lowercase();
    Ok(match policy.as_str() {
        "none" | "keep_all" => Trim::None,
        "left" => Trim::Left,
        "right" => Trim::Right,
        "both" => Trim::Both,
        other => bail!("option string_trimming_policy: {other} is none"),
    })
}

fn floats(options: &Options) -> Result<Floats> {
    Ok(
        match options
            .text("floating_point_format")
            .unwrap_or("ibm")
            .to_lowercase()
            .as_str()
        {
            "ibm" => Floats::Hfp,
            "ibm_little_endian" => Floats::HfpLittle,
            "ieee754" => Floats::Ieee,
            "ieee754_little_endian" => Floats::IeeeLittle,
            other => bail!("option floating_point_format: {other} is none"),
        },
    )
}

/// Option `occurs_mappings`: by table, what a counter that holds text counts.
fn counts(options: &Options, copybook: &Copybook) -> Result<Vec<(String, Vec<(String, u32)>)>> {
    let text = options.text("occurs_mappings").unwrap_or("{}");
    let Json::Object(mappings) = Json::parse(text).context("option occurs_mappings")? else {
        bail!("option occurs_mappings: wanted a JSON object")
    };
    let mut found = Vec::new();
    for (table, mapping) in mappings {
        let Json::Object(mapping) = mapping else {
            bail!("option occurs_mappings: wanted an object for {table}")
        };
        let pairs = mapping.into_iter().map(|(name, count)| match count {
            Json::Number(count) => Ok((name, count.parse()?)),
            other => bail!("option occurs_mappings: wanted a count, got {other}"),
        });
        let pairs = pairs.collect::<Result<Vec<_>>>()?;
        let named = tables(copybook.items(), &identifier(&table));
        found.extend(named.into_iter().map(|table| (table, pairs.clone())));
    }
    Ok(found)
}

/// The tables of a name, as the copybook writes it.
fn tables(items: &[Item], table: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in items {
        let counted = item
            .occurs()
            .and_then(parsers::copybook::Occurs::depending_on);
        let named = |name: &&str| identifier(name).eq_ignore_ascii_case(table);
        found.extend(
            item.name()
                .filter(|_| counted.is_some())
                .filter(named)
                .map(str::to_owned),
        );
        found.extend(tables(item.children(), table));
    }
    found
}
