figway copybook diff stock.cpy stock-2.cpy
figway copybook diff stock.cpy stock-2.cpy --format protobuf --compatibility full --json
# The same bytes with another meaning.
figway copybook diff stock.cpy stock.cpy --new-meaning dates.toml --format records
figway copybook diff stock.cpy stock.cpy
figway copybook diff stock.cpy broken.cpy
# Numbers that are to be kept must be there.
figway copybook diff stock.cpy stock-2.cpy --numbers nope.json
