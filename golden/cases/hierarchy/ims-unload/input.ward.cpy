      * UNLOAD OF THE WARD DATABASE, SEGMENTS IN HIERARCHIC SEQUENCE
       01  PATIENT.
           05  PAT-SEGMENT     PIC X(8).
           05  PAT-NUMBER      PIC X(6).
           05  PAT-NAME        PIC X(12).
       01  ADMISSION.
           05  ADM-SEGMENT     PIC X(8).
           05  ADM-WARD        PIC X(4).
           05  ADM-DAY         PIC 9(8).
       01  DOSE.
           05  DOS-SEGMENT     PIC X(8).
           05  DOS-DRUG        PIC X(8).
           05  DOS-MG          PIC S9(5) COMP-3.
       01  ALLERGY.
           05  ALL-SEGMENT     PIC X(8).
           05  ALL-SUBSTANCE   PIC X(10).
