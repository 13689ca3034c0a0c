       01 R.
           03 A.
           05 B PIC X(2).
           05 CC PIC X(2).
           03 D.
              07 E PIC X.
              07 F.
                 49 G PIC X.
           03 H PIC X.
       66 X1 RENAMES B THRU E.
       66 X2 RENAMES A.
       66 X3 RENAMES G.
