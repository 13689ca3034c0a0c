       01  DOSE-PLAN.
           05  PLAN-PATIENT    PIC X(6).
           05  PLAN-WARD       PIC X(4).
           05  PLAN-DOSES      PIC 9(2).
           05  PLAN-DOSE OCCURS 0 TO 8 TIMES
                         DEPENDING ON PLAN-DOSES.
               10  DOSE-DRUG   PIC X(8).
               10  DOSE-MG     PIC S9(5) COMP-3.
