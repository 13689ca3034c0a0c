       01  STOCK.
           05  ITEM-NUMBER         PIC 9(6).
           05  ITEM-NAME           PIC X(20).
           05  PRICE               PIC S9(7)V99 COMP-3.
           05  COUNTED-ON          PIC 9(8).
           05  BIN                 PIC X(4).
           05  LOTS                PIC 9(4) COMP.
           05  FILLER              PIC X(7).
