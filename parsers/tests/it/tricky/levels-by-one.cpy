       01  TOP.
         02  A  PIC X.
         02  B.
          03  C PIC X.
          03  D.
           04  E PIC X.
         02  F PIC X.
