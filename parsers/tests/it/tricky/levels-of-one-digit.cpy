       1 R.
           5 A PIC X.
           5 B.
             6 D PIC X.
