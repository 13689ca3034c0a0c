       01  R.
           05  A  OCCURS 999999999.
               10  B  OCCURS 99 PIC X(99).
