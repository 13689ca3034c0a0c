      * THE COPY MEMBERS ARE IN copylib/
       01  ORDER-RECORD.
           COPY HEADER REPLACING LEADING ==HDR== BY ==ORD==.
           COPY LINES OF SALES
               REPLACING ==:MAX:== BY ==3==
                         TRAILING ==-CODE== BY ==-ID==.
