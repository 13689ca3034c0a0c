       01  A.
           05  B PIC Q(3).
