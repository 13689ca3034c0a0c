figway copybook layout copybooks/MATERIAL.cpy
figway copybook layout copybooks/LOT.cpy
figway copybook layout copybooks/ORDER.cpy --code-page cp1140
