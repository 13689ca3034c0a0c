       01  R.
           05  A  PIC X PIC X.
           05  B  PIC 9 USAGE MYSTERY.
           05  C  OCCURS MANY PIC X.
           05  D  OCCURS 5 TO 2 DEPENDING ON A PIC X.
           05  E  PIC X VALUE.
           05  F  PIC X WHATEVER.
           05  G  LIKE A.
           05  H  PIC X DATE FORMAT.
