figway copybook layout broken.cpy
