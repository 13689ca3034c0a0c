       01 R.
           05 N PIC 9.
           05 T OCCURS 1 TO 3 DEPENDING ON N.
              10 A PIC X(2).
              10 B REDEFINES A PIC 99.
           05 Z PIC X.
