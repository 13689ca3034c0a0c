       01 R GROUP-USAGE NATIONAL.
           05 A PIC N(2).
           05 B PIC 9(3).
