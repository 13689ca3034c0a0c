       01  R.
           05  A  PIC X(3) VALUE 'LONG'.
           05  B  PIC 9(2) VALUE 100.
           05  C  PIC 9 VALUE 'X'.
           05  D  PIC 9 VALUE -1.
