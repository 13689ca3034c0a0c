       01 R.
           05 K-1 PIC 9(3) VALUE 1.
           05 FILLER REDEFINES K-1.
              10 FILLER PIC X.
              10 K-2 PIC 99.
           05 A PIC S9(5)V9(2) SIGN LEADING SEPARATE VALUE +1.25.
           05 PIC X(2) VALUE SPACES.
           05 B PIC X(2) VALUE LOW-VALUE.
