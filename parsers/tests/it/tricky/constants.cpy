       78 MAXN VALUE 5.
       01 R.
           05 A PIC X(MAXN).
           05 T OCCURS MAXN TIMES PIC 99.
