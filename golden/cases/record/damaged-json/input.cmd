figway copybook encode lot.cpy too-large.jsonl
figway copybook encode lot.cpy unknown.jsonl
figway copybook encode lot.cpy broken.jsonl
