       01 R.
           05 G COMP-3.
              10 A PIC S9(5).
              10 B PIC S9(7)V99.
              10 CC OCCURS 2 PIC 9(4).
           05 H BINARY.
              10 D PIC S9(4).
              10 E PIC S9(5).
