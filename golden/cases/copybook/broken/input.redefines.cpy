       01  R.
           05  A  PIC X.
           05  B  REDEFINES Z PIC X.
           05  C  PIC X.
           05  D  REDEFINES C PIC X.
           05  E  PIC X.
           05  F  REDEFINES C PIC X.
