# Each record is broken in its own way: what is said of it, with its place and bytes.
figway copybook decode bad.cpy bad.dat --record-format V --lenient -o bad.jsonl
figway copybook encode bad.cpy bad.jsonl --record-format V -o again.dat
figway copybook decode bad.cpy again.dat --record-format V --lenient
figway copybook decode bad.cpy bad.dat --record-format V
# The same data under policies.
figway copybook decode bad.cpy bad.dat --record-format V --lenient --layout "number_spaces = null; number_low_values = zero; signs = lenient; invalid_text = replace"
# Values that their fields do not take.
figway copybook encode bad.cpy large.jsonl --record-format V
figway copybook encode bad.cpy places.jsonl --record-format V
figway copybook encode bad.cpy minus.jsonl --record-format V
figway copybook encode bad.cpy long.jsonl --record-format V
figway copybook encode bad.cpy letter.jsonl --record-format V
figway copybook encode bad.cpy null.jsonl --record-format V
figway copybook encode bad.cpy many.jsonl --record-format V
figway copybook encode bad.cpy name.jsonl --record-format V
figway copybook encode bad.cpy large.jsonl --record-format V --layout "large_numbers = truncate" -o cut.dat
figway copybook decode bad.cpy cut.dat --record-format V
