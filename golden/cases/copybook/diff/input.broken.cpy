       01  STOCK.
           05  ITEM-NUMBER         PIC 9(Q).
