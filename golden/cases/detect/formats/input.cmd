figway copybook detect f.dat --copybook vial.cpy
figway copybook detect v.dat --copybook dose.cpy
figway copybook detect vb.dat --copybook dose.cpy
figway copybook detect vbs.dat --copybook dose.cpy
# borders only
figway copybook detect vb.dat
figway copybook detect f.dat
figway copybook detect lines.txt
figway copybook detect nel.dat
