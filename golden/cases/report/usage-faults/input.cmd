figway report --from report.json --usage smf.csv --transactions transactions.csv --caller FIGWAY
figway report --from report.json --usage short.csv --transactions transactions.csv --caller FIGWAY
figway report --from report.json --usage open.csv --transactions transactions.csv --caller FIGWAY
figway report --from report.json --usage right.csv --transactions twice.csv --caller FIGWAY
figway report --from report.json --usage right.csv
figway report --from later.json
figway report --from report.json --group nothing
