       01  STOCK.
           05  ITEM-NUMBER         PIC 9(6).
           05  ITEM-NAME           PIC X(20).
           05  PRICE               PIC S9(5)V99 COMP-3.
           05  COUNTED-ON          PIC 9(8).
           05  SHELF               PIC X(4).
           05  FILLER              PIC X(10).
