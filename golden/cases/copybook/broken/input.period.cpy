       01  R.
           05  A  PIC X(5)
           05  B  PIC X(3).
           05  C  PIC Q.
