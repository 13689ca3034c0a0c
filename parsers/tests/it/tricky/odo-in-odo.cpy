       01 R.
           05 N1 PIC 9.
           05 N2 PIC 9.
           05 T1 OCCURS 1 TO 3 DEPENDING ON N1.
              10 T2 OCCURS 1 TO 4 DEPENDING ON N2.
                 15 A PIC X(2).
              10 B PIC X(3).
           05 Z PIC X.
