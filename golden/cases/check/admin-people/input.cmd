figway check routes.toml
figway check nobody.toml
