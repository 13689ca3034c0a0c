       01 r.
           05 a pic x(3)value 'abc'.
           05 b pic s9(4)comp sync.
           05 d pic 9(3)comp-3 occurs 2 times.
