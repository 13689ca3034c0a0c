       01  R.
           05  NAME           PIC X(5).
           05  BALANCE        PIC S9(3)V99.
