//! What to type while the demo runs: each line works as printed, in the order printed.

use std::path::Path;

use crate::company::DataSet;
use crate::tour::{Hint, Stage};

pub(super) fn hints(stage: &Stage, figway: &str) -> Vec<Hint> {
    let mut hints = looking(stage.kafka.bootstrap());
    hints.extend(doing(stage, &quoted(figway)));
    hints
}

fn looking(kafka: &str) -> Vec<Hint> {
    let read = |topic: &str, rest: &str| format!("kcat -b {kafka} -C -t {topic} -e -q {rest}");
    let hint = |shows, command| Hint { shows, command };
    vec![
        hint("the topics", format!("kcat -b {kafka} -L")),
        hint(
            "key and value of the first materials",
            read("pharma.material", "-c 3 -f '%k %s\\n'"),
        ),
        hint(
            "what was changed, before and after",
            read("pharma.order", "-f '%s\\n' | grep '\"op\":\"u\"' | head -3"),
        ),
        hint(
            "deletes and their tombstones",
            read(
                "pharma.material",
                "-Z -f '%o %k %s\\n' | grep -A1 '\"op\":\"d\"' | cut -c1-120",
            ),
        ),
        hint(
            "what each generation came to",
            read("pharma.generations", "-f '%s\\n'"),
        ),
    ]
}

/// After the first two generations: `G0003` is the next one of every data set.
fn doing(stage: &Stage, figway: &str) -> Vec<Hint> {
    let kafka = stage.kafka.bootstrap();
    let config = quoted(&stage.capture_file().display().to_string());
    let copybook = path(&stage.folder, "copybooks/LOT.cpy");
    let unload = |set: DataSet, generation| path(&stage.unloads(), &set.file_name(generation));
    let part = |set: DataSet| path(&stage.unloads(), &format!("{}.part", set.file_name(3)));
    let (lot, material, order) = (DataSet::Lot, DataSet::Material, DataSet::Order);
    let hint = |shows, command| Hint { shows, command };
    vec![
        hint(
            "where capture stands",
            format!("{figway} cdc status --config {config}"),
        ),
        hint(
            "another generation of lots: everything kept at 25 °C goes to the cold store",
            format!(
                "{figway} copybook decode {copybook} --record-format VB {} \\\n  \
                 | sed 's/\"LOT-STORAGE\":\"A25\"/\"LOT-STORAGE\":\"C08\"/' \\\n  \
                 | {figway} copybook encode {copybook} --record-format VB - -o {}\n\
                 mv {} {}",
                unload(lot, 2),
                part(lot),
                part(lot),
                unload(lot, 3)
            ),
        ),
        hint(
            "a generation of materials with a damaged price: a dead letter, and no delete",
            format!(
                "cp {} {}\n\
                 printf '\\372' | dd of={} bs=1 seek={} conv=notrunc status=none\n\
                 mv {} {}",
                unload(material, 2),
                part(material),
                part(material),
                material.number().offset,
                part(material),
                unload(material, 3)
            ),
        ),
        hint(
            "the dead letter: what is wrong, where, and the record's own bytes",
            format!("kcat -b {kafka} -C -t pharma.material.dlq -e -q -f '%h\\n%s\\n'"),
        ),
        hint(
            "a file of orders that was cut: held for a person, who leaves it out",
            format!(
                "head -c -1000 {} > {}\n\
                 mv {} {}\n\
                 sleep 2\n\
                 {figway} cdc status --config {config}\n\
                 {figway} cdc release --config {config} order {} --choice skip --by me --why 'the transfer broke'",
                unload(order, 2),
                part(order),
                part(order),
                unload(order, 3),
                order.file_name(3)
            ),
        ),
    ]
}

pub(super) fn path(folder: &Path, name: &str) -> String {
    quoted(&folder.join(name).display().to_string())
}

/// As a shell takes it.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
