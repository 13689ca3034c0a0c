figway copybook layout nowhere.cpy
figway copybook decode copybooks/LOT.cpy nowhere.dat
figway copybook layout copybooks/LOT.cpy --code-page cp999
