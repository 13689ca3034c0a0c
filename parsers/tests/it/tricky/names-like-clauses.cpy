       01 R.
           05 PIC-X PIC X.
           05 VALUE-1 PIC X.
           05 OCCURS-2 OCCURS 2 PIC X.
           05 COMP-7 PIC X.
           05 SIGN-S PIC S9.
