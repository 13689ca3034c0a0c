       01 R.
           05 G.
              10 N PIC 9(2).
           05 H.
              10 N PIC 9(2).
           05 T OCCURS 1 TO 5 DEPENDING ON N OF H PIC X(2).
