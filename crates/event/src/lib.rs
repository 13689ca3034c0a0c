//! Schema and Datum, the Debezium-shaped envelope, and its wire forms.
