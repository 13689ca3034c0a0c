      *---------------------------------------------------------------*
      * LOTURSP    LOT USAGE AND QA DECISION, WHAT COMES BACK
      *            TRANSACTION LOTU, PROGRAM QAC320, COMMAREA OF 100
      *---------------------------------------------------------------*
       01  LOTU-RESPONSE.
           05  LOTU-REFERENCE              PIC X(16).
           05  LOT-NUMBER                  PIC X(12).
           05  LOTU-RETURN-CODE            PIC S9(4)       COMP.
               88  LOTU-DONE               VALUE 0.
               88  LOTU-NOT-FOUND          VALUE 8.
               88  LOTU-BAD-REQUEST        VALUE 12.
               88  LOTU-UNAVAILABLE        VALUE 16.
               88  LOTU-REFUSED            VALUE 20.
           05  LOTU-MESSAGE                PIC X(40).
      *        THE REGION THAT ANSWERED
           05  LOTU-REGION                 PIC X(8).
           05  LOTU-POSTED                 PIC X.
               88  LOTU-POSTED-NOW         VALUE 'Y'.
               88  LOTU-POSTED-BEFORE      VALUE 'B'.
               88  LOTU-NOT-POSTED         VALUE 'N'.
           05  LOT-QUANTITY-ON-HAND        PIC S9(11)V9(3) COMP-3.
           05  LOT-STATE                   PIC X.
           05  FILLER                      PIC X(12)       VALUE SPACES.
