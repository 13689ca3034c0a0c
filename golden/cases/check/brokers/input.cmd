figway check readable.toml
figway check files.toml
figway check mechanism.toml
figway check written-out.toml
figway check capture.toml
