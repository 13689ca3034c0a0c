       01 R. 05 A PIC X. 05 B PIC X(2). 05 CC. 10 D PIC 9(3).
           05 E PIC X.
