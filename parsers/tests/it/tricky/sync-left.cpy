       01 R.
           05 A PIC S9(4) COMP VALUE -1.
           05 B PIC S9(4)V9(4) COMP SYNC LEFT.
           05 CC PIC 9(9) BINARY SYNCHRONIZED.
