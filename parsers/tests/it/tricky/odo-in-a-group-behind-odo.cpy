       01 R.
           05 N PIC 9(2).
           05 T1 OCCURS 1 TO 3 DEPENDING ON N.
              10 A PIC X.
           05 G.
              10 M PIC 9.
              10 T2 OCCURS 1 TO 3 DEPENDING ON M.
                 15 B PIC XX.
              10 CC PIC X(3).
           05 D PIC X.
