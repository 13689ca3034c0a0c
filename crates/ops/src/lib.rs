//! Configuration source and secrets, telemetry, shutdown.
