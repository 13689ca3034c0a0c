       01  LOT-RECORD.
           05  LOT-ID              PIC X(12.
           05  LOT-QUANTITY        PIC 9(20)      COMP.
           05  LOT-NAME            PIC X(20).
           05  LOT-SHORT-NAME      REDEFINES LOT-NAMES
                                   PIC X(8).
           05  LOT-RESULTS         PIC 9(2).
           05  LOT-RESULT          OCCURS 1 TO 5
                                   DEPENDING ON LOT-RESULT-COUNT.
               10  LOT-VALUE       PIC S9(3)      COMP-3.
           05  LOT-PRICE           PIC 9(5)V99    VALUE 'NONE'.
           05  LOT-NOTE            PIC X          OCCURS 1 TO 9
                                   DEPENDING ON LOT-ID.
