       01 R.
           05 A PROCEDURE-POINTER.
           05 B FUNCTION-POINTER.
           05 CC POINTER.
           05 D INDEX.
           05 E OBJECT REFERENCE.
