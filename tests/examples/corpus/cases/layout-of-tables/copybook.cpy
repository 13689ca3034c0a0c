       01  BOX.
           05  ITEM OCCURS 3.
               10  CODE-X     PIC X(4).
               10  PRICE      PIC S9(5)V99 COMP-3.
           05  TOTAL          PIC S9(9) COMP.
           05  TOTAL-X REDEFINES TOTAL PIC X(4).
