       01 R.
           05 A PIC X(3) VALUE 'A' .
           05 B PIC 9 VALUE 5 .
           05 D PIC 9V9 VALUE 5.5.
           05 E PIC 9V9 VALUE .5.
           05 F PIC S9V9 VALUE -.5 COMP-3.
           05 G PIC S9V9 COMP-3 VALUE - 5.
