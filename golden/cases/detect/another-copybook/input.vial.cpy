       01  VIAL.
           05  VIAL-LOT        PIC X(8).
           05  VIAL-NAME       PIC X(20).
           05  VIAL-MADE-ON    PIC 9(8).
           05  VIAL-PRICE      PIC S9(7)V99 COMP-3.
           05  VIAL-STOCK      PIC S9(9) COMP-3.
