       01  R.
           05  ID             PIC 9(2).
           05  FILLER         PIC X.
           05  N              PIC 9.
           05  T OCCURS 0 TO 2 DEPENDING ON N.
               10  A          PIC X(3).
               10  B          PIC S9(3) COMP-3.
