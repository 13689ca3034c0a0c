figway check routes.toml
