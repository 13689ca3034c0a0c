figway copybook detect f.dat --copybook vial.cpy
figway copybook detect v.dat --copybook vial.cpy
figway copybook detect not-there.dat
