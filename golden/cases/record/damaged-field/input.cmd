figway copybook decode lot.cpy lots.dat
figway copybook decode lot.cpy lots.dat --lenient
figway copybook decode lot.cpy lots.dat --lenient -o lots.jsonl
figway copybook encode lot.cpy lots.jsonl -o again.dat
figway copybook decode lot.cpy again.dat --lenient
