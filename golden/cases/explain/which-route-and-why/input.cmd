figway check routes.toml
figway routes explain --file routes.toml GET /lots/L1
figway routes explain --file routes.toml GET /lots/12345678 -H x-tran:LOTI
figway routes explain --file routes.toml POST /lots/12345678
figway routes explain --file routes.toml GET / -H host:a.partners.example.com --certificate-name partner.example.com
figway routes explain --file routes.toml GET / -H host:a.partners.example.com --tls a.partners.example.com
figway routes explain --file routes.toml GET /clerks --client 10.1.2.3 --at 2026-11-20T12:00:00+01:00 -H "authorization:Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIiwiaXNzIjoiaHR0cHM6Ly9zc28uZXhhbXBsZS5jb20iLCJyb2xlcyI6WyJjbGVyayJdLCJleHAiOjQxMDI0NDQ4MDB9.bdSK1QxQV6q_rFl_wtb_Sf5pgeS7eLPCUBqXlo8_tyA"
figway routes explain --file routes.toml GET /clerks --client 10.1.2.3 --at 2026-12-24T12:00:00+01:00 -H "authorization:Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIiwiaXNzIjoiaHR0cHM6Ly9zc28uZXhhbXBsZS5jb20iLCJyb2xlcyI6WyJjbGVyayJdLCJleHAiOjQxMDI0NDQ4MDB9.bdSK1QxQV6q_rFl_wtb_Sf5pgeS7eLPCUBqXlo8_tyA"
figway routes explain --file routes.toml GET /clerks --client 10.1.2.3 --at 2026-11-20T12:00:00+01:00 -H "authorization:Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJiZXJ0IiwiaXNzIjoiaHR0cHM6Ly9zc28uZXhhbXBsZS5jb20iLCJyb2xlcyI6WyJ2aWV3ZXIiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.zorNrcBrrSWV3VWzcwkqXkM9kXjxUXtf8DsmsV75Dzs"
figway routes explain --file routes.toml GET /clerks --client 10.1.2.3 --at 2026-11-20T12:00:00+01:00 -H "authorization:Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJldmUiLCJpc3MiOiJodHRwczovL3Nzby5leGFtcGxlLmNvbSIsInJvbGVzIjpbImNsZXJrIl0sImV4cCI6NDEwMjQ0NDgwMH0.5Az149DT6fah7M7l6Wv_7OJ7nYBoVEvs8Mk7DyuukTE"
figway routes explain --file routes.toml GET /clerks --client 10.1.2.3 --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml GET /clerks --client 192.0.2.1 --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml GET /old/a/b?c=d
figway routes explain --file routes.toml GET /robots.txt
figway routes explain --file routes.toml GET /lots/../x
