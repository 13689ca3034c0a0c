       01  LOT-RECORD.
           05  LOT-ID              PIC X(12).
           05  LOT-MADE-ON         PIC 9(7) COMP-3.
