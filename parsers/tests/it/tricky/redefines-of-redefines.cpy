       01 R.
           05 A PIC X(10).
           05 B REDEFINES A.
              10 B1 PIC X(4).
              10 B2 REDEFINES B1 PIC 9(4).
              10 B3 PIC X(6).
           05 CC REDEFINES A PIC X(5).
           05 D REDEFINES A OCCURS 2 TIMES PIC X(5).
           05 E PIC X.
