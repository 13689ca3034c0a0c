figway copybook decode stock.cpy good.dat
figway copybook decode stock.cpy lost.dat -o lost-records.jsonl
figway copybook decode stock.cpy cut.dat -o cut.jsonl
figway copybook decode stock.cpy behind.dat -o behind.jsonl
figway copybook decode stock.cpy lost.dat --no-control
figway copybook encode stock.cpy lost.jsonl -o lost-again.dat
