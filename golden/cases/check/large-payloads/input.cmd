# What the store needs: a place, an age that what refers to it does not outlive, and keys by reference.
figway check nowhere.toml
figway check too-soon.toml
figway check units.toml
figway check keys.toml
figway check written-out.toml
# Which way bodies travel.
figway check ways.toml
figway check no-store.toml
figway check good.toml
# Captured events, and topics that are compacted.
figway check capture.toml
figway check buckets.toml
figway check two-places.toml
figway check endpoint.toml
