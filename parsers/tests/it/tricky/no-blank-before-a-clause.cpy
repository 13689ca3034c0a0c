       01 R.
           05 A PIC S99V9(3)SIGN LEADING.
           05 B PIC ZZ9.99.
           05 CC PIC ZZ9. 
           05 D PIC 9.9.
