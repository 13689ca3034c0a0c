       01 R.
           05 A PIC X(3) VALUE ALL 'AB'.
           05 B PIC 9(3) VALUE 1.5E3.
           05 CC PIC X VALUE X'00'.
           05 D PIC X(4) VALUE Z'ABC'.
           05 E PIC N(2) VALUE N'AB'.
           05 F PIC N(2) VALUE NX'00410042'.
           05 G PIC X(9) VALUE IS NULL.
           05 H PIC S9(3)V9 VALUE -12.5.
           05 I PIC 9(3) VALUE +7.
           05 J PIC X(2) VALUES ARE 'AB'.
