       01  REC.
           05  KIND           PIC X.
           05  HOUSE.
               10  STREET     PIC X(6).
               10  NUMBER     PIC 9(3).
           05  FLAT REDEFINES HOUSE.
               10  FLOOR      PIC 9(2).
               10  RENT       PIC S9(5)V99 COMP-3.
