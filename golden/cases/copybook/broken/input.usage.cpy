       01  R.
           05  A  PIC X(4) COMP-3.
           05  B  PIC 9(19) COMP.
           05  C  PIC 9 COMP-1.
           05  D  COMP-3.
               10  E  PIC 9 COMP.
           05  F  PIC S9(4) COMP-6.
           05  G  PIC G(4).
           05  H  FLOAT-DECIMAL-34.
           05  J  PIC 9(3) JUSTIFIED.
           05  K  PIC S9(3) COMP-3 SIGN LEADING.
