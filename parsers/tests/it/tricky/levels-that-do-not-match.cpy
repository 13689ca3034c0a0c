       01 R.
           10 A.
              20 B PIC X.
             15 CC PIC X.
           10 D PIC X.
