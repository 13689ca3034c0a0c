       01 R.
           05 A PIC X(3).
           EJECT.
           SKIP2.
           05 B PIC X(3).
       TITLE "PAGE".
           05 D PIC X.
