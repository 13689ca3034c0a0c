       01 R.
           05 N PIC S9(4) COMP.
           05 T OCCURS 0 TO 10 TIMES DEPENDING ON N.
              10 A PIC X(4).
