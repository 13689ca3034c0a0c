       01  R.
           05  GRP OCCURS 2 TIMES INDEXED BY I, J
               ASCENDING KEY IS GK, GK2.
               10 GK PIC X. 
               10 GK2 PIC X.
           05  T2 OCCURS 3 ASCENDING K2 INDEXED I2.
               10 K2 PIC 9.
           05  UNB OCCURS 1 TO UNBOUNDED TIMES DEPENDING ON N PIC X.
