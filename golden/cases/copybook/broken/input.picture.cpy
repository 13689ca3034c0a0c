       01  R.
           05  A  PIC X(0).
           05  B  PIC 9(3.
           05  C  PIC 9V9V9.
           05  D  PIC ZZ9Z.
           05  E  PIC S9-.
           05  F  PIC 9(40).
           05  G  PIC XV9.
           05  H  PIC.
