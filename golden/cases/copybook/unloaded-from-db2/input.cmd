# What UNLOAD and DSNTIAUL write to SYSPUNCH stands for a copybook wherever there is one.
figway copybook layout lot.punch
figway copybook decode lot.punch lots.dat -o lots.jsonl
figway copybook decode lot.punch lots.dat
figway copybook encode lot.punch lots.jsonl -o again.dat
figway copybook decode lot.punch again.dat
figway copybook schema lot.punch --format avro
figway copybook layout recall.syspunch
figway copybook decode recall.syspunch --record-format V recalls.dat
figway copybook decode lot.punch --record-format V recalls.dat
