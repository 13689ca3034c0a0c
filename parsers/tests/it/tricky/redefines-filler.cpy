       01 R.
           05 FILLER PIC X(2).
           05 PIC X(3).
           05 FILLER OCCURS 2.
              10 FILLER PIC X.
              10 A PIC X.
           05 FILLER REDEFINES FILLER PIC X(2).
           05 B PIC X.
