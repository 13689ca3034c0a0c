000100*
000200* ORDER      CUSTOMER ORDERS, UP TO FIVE LINES EACH
000300*            PHARMA.ORDER.GnnnnV00   RECFM=FB LRECL=300
000400*            WRITTEN BY SDD010.  CP1140: THE NOTE MAY HOLD A EURO
000500*            SIGN.  KEY: ORD-NUMBER.  LAST RECORD IS A TRAILER
000600*
       01  ORDER-RECORD.
           05  ORD-RECORD-TYPE             PIC X.
               88  ORD-IS-ORDER            VALUE 'O'.
001000         88  ORD-IS-TRAILER          VALUE 'T'.
           05  ORD-DETAIL.
               10  ORD-NUMBER              PIC 9(10).
               10  ORD-CUSTOMER.
                   15  ORD-CUSTOMER-NUMBER PIC 9(8).
                   15  ORD-CUSTOMER-NAME   PIC X(35).
                   15  ORD-COUNTRY         PIC X(2).
                   15  ORD-EMAIL           PIC X(40).
               10  ORD-STATUS              PIC X.
                   88  ORD-OPEN            VALUE 'O'.
002000             88  ORD-PICKED          VALUE 'P'.
                   88  ORD-SHIPPED         VALUE 'S'.
                   88  ORD-CANCELLED       VALUE 'C'.
               10  ORD-PRIORITY            PIC 9.
                   88  ORD-EMERGENCY       VALUE 1.
                   88  ORD-NORMAL          VALUES ARE 2 THRU 9.
               10  ORD-PLACED-ON           PIC 9(8).
               10  ORD-PLACED-AT           PIC 9(6).
      *        CYYMMDD, PACKED.  SHIPPED ZERO = NOT YET
               10  ORD-REQUESTED-ON        PIC S9(7)     COMP-3.
003000         10  ORD-SHIPPED-ON          PIC S9(7)     COMP-3.
               10  ORD-CURRENCY            PIC X(3).
               10  ORD-TOTAL               PIC S9(11)V99 PACKED-DECIMAL.
               10  ORD-DISCOUNT            PIC S9(3)V99.
               10  ORD-LINE-COUNT          PIC 9(2).
               10  ORD-LINE                OCCURS 5 TIMES.
                   15  LIN-POSITION        PIC 9(4)      COMP.
                   15  LIN-MATERIAL        PIC X(10).
                   15  LIN-QUANTITY        PIC S9(7)     COMP-3.
                   15  LIN-UNIT            PIC X(3).
004000             15  LIN-PRICE           PIC S9(7)V99  COMP-3.
                   15  LIN-STATUS          PIC X.
      *D       10  ORD-TRACE-ID            PIC X(8).
               10  ORD-NOTE                PIC X(30).
               10  FILLER                  PIC X(8)      VALUE SPACES.
           05  ORD-TRAILER REDEFINES ORD-DETAIL.
               10  TRL-BUSINESS-DATE       PIC 9(8).
               10  TRL-RECORD-COUNT        PIC 9(9).
      *        SUM OF ORD-TOTAL OVER ALL ORDERS
               10  TRL-CONTROL-TOTAL       PIC S9(15)V99 COMP-3.
005000         10  FILLER                  PIC X(273).
