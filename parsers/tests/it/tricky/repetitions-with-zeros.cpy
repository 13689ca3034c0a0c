       01 R.
           05 A PIC X(05).
           05 B PIC 9(003)V9(02).
           05 CC PIC S9(0004)  COMP.
           05 D PIC XXX(3)X.
           05 E PIC 9V9(2)9.
