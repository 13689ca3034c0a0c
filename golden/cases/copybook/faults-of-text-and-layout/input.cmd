figway copybook layout lot.cpy
