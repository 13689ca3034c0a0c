           05  LINES-COUNT     PIC 9(2).
           05  ORDER-LINE OCCURS :MAX: TIMES.
               10  ITEM-CODE   PIC X(4).
