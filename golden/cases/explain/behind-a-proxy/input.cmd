figway routes explain --file routes.toml GET /lots/L1 --client 10.20.0.7 --header "X-Forwarded-For: 198.51.100.1, 203.0.113.7"
figway routes explain --file routes.toml GET /lots/L1 --client 192.0.2.1 --header "X-Forwarded-For: 203.0.113.7"
figway routes explain --file routes.toml GET /old
