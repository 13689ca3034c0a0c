       01  LOT.
           05  LOT-ID      PIC X(4).
