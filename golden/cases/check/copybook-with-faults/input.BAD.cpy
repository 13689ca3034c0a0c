       01  LOT.
           05  LOT-ID      PIC X(4.
           05  LOT-QTY     PIC S9(5) COMP-3.
