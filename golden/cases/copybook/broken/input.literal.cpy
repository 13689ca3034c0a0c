       01  R.
           05  E  PIC X VALUE X'C'.
           05  F  PIC X VALUE 'A' 'B'.
