       01 R.
           05 A PIC X(2). 05 B PIC X(2).
           05 CC.
           10 D PIC X.
           10 E PIC X.
           88 E1 VALUE 'A'.
           05 F PIC S9(4) COMP. 88 F-OK VALUE -1, +2 THRU 9.
