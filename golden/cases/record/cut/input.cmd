figway copybook decode lot.cpy lots.dat
