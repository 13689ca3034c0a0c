figway copybook decode lot.cpy lots.dat --record-format VB
figway copybook decode lot.cpy lots.dat --record-format V
figway copybook decode lot.cpy lots.dat --record-format FB --record-length 11
figway copybook decode lot.cpy rdw.dat --record-format FB
figway copybook decode lot.cpy rdw.dat --record-format VB
figway copybook decode lot.cpy rdw.dat --record-format V
figway copybook decode lot.cpy rdw.dat --record-format VBS
figway copybook decode lot.cpy rdw.dat --record-format VX
