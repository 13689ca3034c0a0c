       01 R SIGN IS LEADING SEPARATE.
           05 A PIC S9(3).
           05 G SIGN TRAILING.
              10 B PIC S9(3).
              10 CC PIC S9(3) SIGN LEADING SEPARATE CHARACTER.
           05 D PIC 9(3).
           05 E PIC S9(3) COMP-3.
           05 F PIC X(2).
