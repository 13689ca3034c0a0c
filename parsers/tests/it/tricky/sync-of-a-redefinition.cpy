       01 R.
           05 A PIC X.
           05 B REDEFINES A PIC S9(4) COMP SYNC.
           05 CC PIC X.
