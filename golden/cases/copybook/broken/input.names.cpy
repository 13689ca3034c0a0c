       66  A RENAMES B.
       88  C VALUE 'A'.
       01  R.
           05  D  PIC X.
           66  E RENAMES NOWHERE.
           66  F.
           88  G.
