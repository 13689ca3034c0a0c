figway check faults.toml
figway check newer.toml
figway check unknown-key.toml
figway check broken.toml
figway check nowhere.toml
figway cdc run --once --config newer.toml
