       01 R.
           05 A PIC X.
           05 B PIC S9(4) COMP SYNC.
           05 CC PIC X.
           05 D PIC S9(9) COMP SYNC.
           05 E PIC X.
           05 F COMP-1 SYNC.
           05 G PIC X.
           05 H COMP-2 SYNC.
           05 I PIC X.
           05 J PIC S9(18) COMP SYNC.
           05 K INDEX.
           05 L PIC X.
           05 M USAGE POINTER SYNC.
