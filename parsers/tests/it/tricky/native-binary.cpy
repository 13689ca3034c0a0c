       01 R.
           05 A PIC 9(4) COMP-5.
           05 B PIC S9(9) COMP-5.
           05 CC PIC 9(18) COMP-5.
           05 D PIC X(3) COMP-X.
           05 E PIC 9(5) COMP-X.
           05 F PIC 9(5) COMP-6.
           05 G PIC 9(4) COMP-6.
           05 H PIC S9(9) COMP-N.
           05 I PIC 9(18) COMP-X.
           05 J PIC X(1) COMP-X.
           05 K PIC X(8) COMP-5.
