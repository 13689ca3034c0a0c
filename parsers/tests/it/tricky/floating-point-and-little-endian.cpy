       01 R.
           05 A USAGE COMP-1.
           05 B USAGE COMP-2 OCCURS 2.
           05 CC PIC S9(4) USAGE COMP-9.
