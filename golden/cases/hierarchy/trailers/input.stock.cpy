       01  STOCK.
           05  STK-TYPE        PIC X.
           05  STK-ITEM.
               10  STK-NAME    PIC X(11).
               10  STK-PRICE   PIC S9(7)V99 COMP-3.
           05  STK-TRAILER REDEFINES STK-ITEM.
               10  TRL-COUNT   PIC 9(6).
               10  TRL-TOTAL   PIC S9(7)V99 COMP-3.
               10  FILLER      PIC X(5).
