# Files whose readers are in tests/it/schemas.rs; here only that they are written, and what is refused.
figway copybook decode lot.cpy lots.dat --to avro -o lots.avro
figway copybook decode lot.cpy lots.dat --to protobuf -o lots.pb
figway copybook decode lot.cpy lots.dat --to protobuf --name legacy.Lot --numbers lot.numbers.json -o lots.pb
figway copybook schema lot.cpy --format protobuf --name legacy.Lot --numbers lot.numbers.json -o lot.proto
figway copybook decode lot.cpy lots.dat --to protobuf --name legacy.Lot --numbers lot.numbers.json -o lots.pb
figway copybook decode lot.cpy lots.dat --to xml
