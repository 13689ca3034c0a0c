       01 R.
           05 A PIC X(5) OCCURS 3 TIMES
                         INDEXED BY A-IX
                         VALUE 'A'.
           05 B OCCURS 2 TIMES.
              10 CC OCCURS 3 TIMES.
                 15 D OCCURS 4 TIMES PIC 9(2) COMP-3.
                 15 E PIC X.
              10 F PIC X(2).
