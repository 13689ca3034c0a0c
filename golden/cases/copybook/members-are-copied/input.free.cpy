*> decimal comma, wide lines
01 wide.
05 amount pic zzz.zz9,99 .   05 note value 'this line reaches past column seventy-two, as free form lets it' pic x(64).
