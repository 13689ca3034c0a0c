figway copybook detect v.dat --copybook dose.cpy --json
figway copybook detect german.dat --copybook line.cpy --code-page cp273
