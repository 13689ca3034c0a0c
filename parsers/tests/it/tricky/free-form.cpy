01 R.
05 A PIC X(3).
    05 B PIC 9(3) VALUE 5. *> a
*> whole comment
05 CC PIC X.
