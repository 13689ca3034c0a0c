figway copybook schema copybooks/LOT.cpy --format avro --name legacy.Lot
figway copybook schema copybooks/LOT.cpy --format json-schema
figway copybook schema copybooks/LOT.cpy --format protobuf --name legacy.Lot
# Numbers stay when fields come and go.
figway copybook schema stock.cpy --format protobuf --numbers stock.numbers.json
figway copybook schema stock-2.cpy --format protobuf --numbers stock.numbers.json
figway copybook schema stock.cpy --format protobuf --numbers stock.cpy
