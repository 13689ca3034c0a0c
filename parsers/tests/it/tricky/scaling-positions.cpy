       01 R.
           05 A PIC S9(5)P(3).
           05 B PIC P(3)9(5).
           05 CC PIC SP(2)9(3).
           05 D PIC 9(2)P(2) COMP.
           05 E PIC VP(3)99 COMP-3.
           05 F PIC SVPP9(4) COMP-3.
           05 G PIC S999PPV COMP-3.
