       01 R.
           05 T OCCURS 2 TO 4 TIMES DEPENDING ON N
                ASCENDING KEY IS K DESCENDING KEY K2 INDEXED BY I.
              10 K PIC 9(4).
              10 K2 PIC 9(4).
       77 N PIC 9.
