       01  BROKEN.
           COPY FAULTY.
           COPY NOWHERE.
           COPY '../ORDER.cpy'.
           COPY HEADER OF PURCHASE.
           COPY HEADER REPLACING ==HDR== WITH ==ORD==.
           05  LAST-ONE        PIC Y.
