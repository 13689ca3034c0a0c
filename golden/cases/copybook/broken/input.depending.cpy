       01  R.
           05  N  PIC X.
           05  S  PIC 9V9.
           05  T  OCCURS 1 TO 3 DEPENDING ON N PIC X.
           05  U  OCCURS 1 TO 3 DEPENDING ON NOWHERE PIC X.
           05  V  OCCURS 1 TO 3 DEPENDING ON S PIC X.
