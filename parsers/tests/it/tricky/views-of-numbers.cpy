       01 R.
           05 A PIC S9(3)V9(2) COMP-3.
           05 A-X REDEFINES A PIC X(3).
           05 B PIC X(4).
           05 B-N REDEFINES B PIC S9(9) COMP.
           05 B-F REDEFINES B COMP-1.
