000100!01  R.
       01  R.
           05  A  PIC X VALUE 'OPEN.
           05  B  PIC X.
           05  LONG-NAME                                               PIC X.
