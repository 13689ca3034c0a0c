figway check routes.toml
figway check bodies.toml
figway check nobody.toml
