figway copybook layout broken.punch
