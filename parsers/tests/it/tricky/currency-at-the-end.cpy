       01 R.
           05 A PIC $(5)9.
           05 B PIC $9(5).
           05 CC PIC 9(5)$.
           05 D PIC Z(4)9+.
           05 E PIC +(5).
           05 F PIC +(5)9.
           05 G PIC *(6).
           05 H PIC Z(6).
           05 I PIC $*(5)9.99.
           05 J PIC $B*(5).99BCR.
           05 K PIC 0999.
           05 L PIC 9B9B9.
           05 M PIC ZZ/ZZ/99.
