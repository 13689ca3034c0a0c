figway copybook detect little.dat --copybook dose.cpy
figway copybook detect exclusive.dat --copybook dose.cpy
figway copybook detect little-exclusive.dat --copybook dose.cpy
figway copybook detect adjusted.dat --copybook dose.cpy
figway copybook detect second-half.dat --copybook dose.cpy
figway copybook detect blocks-little.dat --copybook dose.cpy
