       01 R.
           05 A PIC 9(2).
           05 B PIC X(20).
           05 CC REDEFINES B.
              10 N PIC 99.
              10 T OCCURS 1 TO 3 DEPENDING ON N PIC X(2).
           05 D PIC X.
