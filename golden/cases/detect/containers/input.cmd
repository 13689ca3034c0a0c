figway copybook detect gz.dat
figway copybook detect zip.dat
figway copybook detect xmit.dat
figway copybook detect empty.dat
figway copybook detect zstd.dat
