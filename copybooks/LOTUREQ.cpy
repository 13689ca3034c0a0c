      *---------------------------------------------------------------*
      * LOTUREQ    LOT USAGE AND QA DECISION, WHAT THE CALLER SENDS
      *            TRANSACTION LOTU, PROGRAM QAC320, COMMAREA OF 60
      *            ANSWERED BY LOTURSP
      *
      *            THE REFERENCE IS THE CALLER'S OWN.  A REFERENCE THAT
      *            WAS POSTED BEFORE IS ANSWERED, NOT POSTED AGAIN
      *---------------------------------------------------------------*
       01  LOTU-REQUEST.
           05  LOTU-TRANSACTION            PIC X(4)        VALUE 'LOTU'.
           05  LOTU-VERSION                PIC 9(2)        VALUE 1.
           05  LOTU-USER                   PIC X(8).
           05  LOTU-REFERENCE              PIC X(16).
           05  LOT-NUMBER                  PIC X(12).
           05  LOTU-ACTION                 PIC X.
               88  LOTU-USE                VALUE 'U'.
               88  LOTU-RELEASE            VALUE 'R'.
               88  LOTU-REJECT             VALUE 'X'.
      *        ZERO UNLESS THE ACTION IS USE
           05  LOTU-QUANTITY               PIC S9(11)V9(3) COMP-3.
           05  FILLER                      PIC X(9)        VALUE SPACES.
