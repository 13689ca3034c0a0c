       01  STOCK.
           05  WAREHOUSE           PIC X(4).
           05  ITEM-NUMBER         PIC 9(6).
           05  PRICE               PIC S9(7)V99 COMP-3.
