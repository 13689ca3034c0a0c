       01  R.
           05  A   PICTURE IS S9(3)V9(2) USAGE IS COMPUTATIONAL-3.
           05  B   PIC S9(3)V9(2) USAGE COMP-3 VALUE IS ZEROES.
           05  D   PIC S9(3)V9(2) COMP-3 VALUE +123.45.
           05  E   PIC 99/99/99.
           05  F   PIC $$$,$$9.99-.
           05  G   PIC X(2)/X(2).
           05  H   PIC ---9.
           05  I   PIC ZZZ9-.
           05  J   PIC Z,ZZ9.99CR.
