# What is decoded and not edited encodes to the same bytes.
figway copybook decode lot.cpy lots.dat -o lots.jsonl
figway copybook decode lot.cpy lots.dat
figway copybook encode lot.cpy lots.jsonl -o again.dat
figway copybook decode lot.cpy again.dat
