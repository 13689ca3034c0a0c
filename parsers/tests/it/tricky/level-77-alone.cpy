       77 W PIC 9(3) COMP-3.
       77 X PIC X(4).
