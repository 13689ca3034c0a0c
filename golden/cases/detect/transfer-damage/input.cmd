figway copybook detect stripped.dat --copybook dose.cpy
# without a copybook it stays a guess
figway copybook detect stripped.dat
figway copybook detect translated.dat --copybook vial.cpy
figway copybook detect translated.txt --copybook vial.cpy
figway copybook detect line-ends.dat --copybook vial.cpy
figway copybook detect cut.dat --copybook vial.cpy
figway copybook detect cut-v.dat --copybook dose.cpy
