       01 R.
           05 9A PIC X.
           05 1-2 PIC X.
           05 A_B PIC X.
           05 05X PIC X.
