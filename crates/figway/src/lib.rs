//! Figway, the strangler-fig gateway: assembly and commands.
