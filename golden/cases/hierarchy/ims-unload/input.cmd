# One line a patient, with what stands below; mixed lists keep their order.
figway copybook decode ward.cpy ward.dat --record-format V
figway copybook decode ward.cpy ward.dat --record-format V -o ward.jsonl
figway copybook encode ward.cpy ward.jsonl --record-format V -o again.dat
figway copybook decode ward.cpy again.dat --record-format V --flat
figway copybook encode ward.cpy edited.jsonl --record-format V -o edited.dat
figway copybook decode ward.cpy edited.dat --record-format V
# Records that stand where they cannot.
figway copybook decode ward.cpy orphan.dat --record-format V
figway copybook decode ward.cpy headless.dat --record-format V
figway copybook decode ward.cpy unknown.dat --record-format V
figway copybook encode ward.cpy wrong.jsonl --record-format V
# Faults below a patient stand in the lines and are listed, as with --flat.
figway copybook decode ward.cpy faults.dat --record-format V
figway copybook decode ward.cpy faults.dat --record-format V --lenient
figway copybook decode ward.cpy faults.dat --record-format V --lenient --flat -o faults.jsonl
# What the lines look like, and with --flat the records.
figway copybook schema ward.cpy --format json-schema
figway copybook schema ward.cpy --format json-schema --flat --lenient
