       01 R.
           05 A PIC X(2) VALUE "'".
           05 B PIC X(2) VALUE '"'.
           05 D PIC X(2) VALUE "A.".
           05 E PIC X(30) VALUE 'PIC X(5). 05 F PIC X'.
           05 G PIC X.
