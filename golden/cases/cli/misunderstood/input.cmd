figway
figway dmeo
figway copybook decode
