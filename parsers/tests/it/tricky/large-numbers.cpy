       01 R.
           05 A PIC 9(10)V9(8) COMP.
           05 B PIC S9(31) COMP-3.
           05 CC PIC S9(38) COMP-3.
           05 D PIC 9(1) COMP.
           05 E PIC 9(38).
