figway report --from report.json
figway report --from report.json --group lots --usage smf.csv --transactions transactions.csv --caller figway --json
figway report --from report.json --usage smf.csv --transactions transactions.csv --caller FIGWAY
