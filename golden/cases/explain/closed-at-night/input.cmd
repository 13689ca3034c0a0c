figway check routes.toml
figway routes explain --file routes.toml GET /lots/L1 --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml POST /lots/L1 --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml POST /bookings --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml POST /cics/LOTI --at 2026-11-20T12:00:00+01:00
figway routes explain --file routes.toml GET /lots/L1 --at 2026-11-20T23:00:00+01:00
figway routes explain --file routes.toml POST /lots/L1 --at 2026-11-20T23:00:00+01:00
figway routes explain --file routes.toml POST /bookings --at 2026-11-20T23:00:00+01:00
figway routes explain --file routes.toml POST /cics/LOTI --at 2026-11-20T23:00:00+01:00
figway routes explain --file routes.toml GET /lots/L1 --at 2026-11-23T05:59:50+01:00
figway routes explain --file routes.toml POST /lots/L1 --at 2026-11-23T05:59:50+01:00
figway routes explain --file routes.toml POST /bookings --at 2026-11-23T05:59:50+01:00
figway routes explain --file routes.toml POST /cics/LOTI --at 2026-11-23T05:59:50+01:00
