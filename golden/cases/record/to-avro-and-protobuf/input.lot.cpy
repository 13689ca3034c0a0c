       01  LOT.
           05  LOT-ID              PIC X(4).
           05  LOT-QTY             PIC S9(3)V99 COMP-3.
           05  LOT-GRADE           PIC S9(3).
           05  FILLER              PIC X(2).
