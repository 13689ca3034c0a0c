       01  PARCEL.
           05  PARCEL-NO      PIC 9(6).
           05  WEIGHT         PIC S9(3)V99 COMP-3.
           05  STOP-COUNT     PIC 9.
           05  STOP           OCCURS 0 TO 3 DEPENDING ON STOP-COUNT.
               10  TOWN       PIC X(6).
               10  HOURS      PIC S9(4) COMP.
           05  NOTE           PIC X(5).
