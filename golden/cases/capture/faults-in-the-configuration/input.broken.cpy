       01  MATERIAL.
           05  MAT-NUMBER          PIC X(10.
           05  MAT-STOCK           PIC S9(9)  COMP-7.
