       01  LOT.
           05  LOT-ID              PIC X(4).
           05  LOT-QTY             PIC S9(3)V99.
           05  LOT-CODE            PIC 9(5)     COMP-5.
           05  LOT-RATE                         COMP-1.
           05  LOT-PRICE           PIC ZZ9.99-.
