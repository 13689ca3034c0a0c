       01 R.
           05 A PIC $$,$$9.99.
           05 B PIC $(6)9.99CR.
           05 CC PIC +++,+++.++.
           05 D PIC --,---,--9.99.
           05 E PIC ***,**9.99DB.
           05 F PIC Z(5)9/99.
           05 G PIC 99/99/9999.
           05 H PIC X(3)BX(3)/XX0.
           05 I PIC A(3)BA(3).
           05 J PIC $ZZ,ZZZ.99-.
           05 K PIC +$(4)9.
           05 L PIC 9(3),9(3).
           05 M PIC ZZZ,ZZZ,ZZZ.
           05 N PIC -9(4)V99.
           05 O PIC ZZZVZZ.
           05 P PIC Z(3).Z(2).
