# Where the schemas of a view's topic are.
figway check good.toml
# The table's own words.
figway check secret.toml
figway check url.toml
figway check unknown.toml
# What a gateway has no use for.
figway check words.toml
figway check no-view.toml
