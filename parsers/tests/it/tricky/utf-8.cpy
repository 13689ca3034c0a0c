       01 R.
           05 A PIC U(5).
           05 B PIC U(5) BYTE-LENGTH 12.
           05 CC PIC U BYTE-LENGTH IS 10.
