       01  R.
           99  A  PIC X.
           00  B  PIC X.
           XX  C  PIC X.
           05  D  PIC X.
