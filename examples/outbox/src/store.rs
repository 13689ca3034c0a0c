//! The database: stock, `inbox` (requests that were answered) and `outbox` (events on their way), in SQLite or PostgreSQL.

use anyhow::Context;
use service::Request;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};

use crate::reserve::{Reservation, Reserved};

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which it is: no other, in no other database, has this id.
    pub id: String,
    /// The topic it goes to.
    pub topic: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The database. Each has its own driver: what the two understand the same is written once, below.
#[derive(Debug)]
pub enum Store {
    /// A file.
    Sqlite(SqlitePool),
    /// A server.
    Postgres(PgPool),
}

const SQLITE: &str = "
    CREATE TABLE IF NOT EXISTS stock (item TEXT PRIMARY KEY, remaining BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS inbox (request TEXT PRIMARY KEY, status BIGINT NOT NULL, reply TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL, message_key TEXT NOT NULL, message TEXT NOT NULL);
";
const POSTGRES: &str = "
    CREATE TABLE IF NOT EXISTS stock (item TEXT PRIMARY KEY, remaining BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS inbox (request TEXT PRIMARY KEY, status BIGINT NOT NULL, reply TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL, message_key TEXT NOT NULL, message TEXT NOT NULL);
";

impl Store {
    /// Opens the database that a URL names (`sqlite://stock.db`, `postgres://user@host/database`) and makes its tables.
    ///
    /// # Errors
    /// A URL of another kind, a database that is not there.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let pool = PgPoolOptions::new().max_connections(16).connect(url);
            let pool = pool.await.context("the PostgreSQL database is not there")?;
            sqlx::raw_sql(POSTGRES).execute(&pool).await?;
            return Ok(Self::Postgres(pool));
        }
        let options: SqliteConnectOptions = url
            .parse()
            .with_context(|| format!("wanted a sqlite: or postgres: URL, got {url:?}"))?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        // One writer at a time is all that SQLite knows.
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await?;
        sqlx::raw_sql(SQLITE).execute(&pool).await?;
        Ok(Self::Sqlite(pool))
    }

    /// Carries out a reservation, once for each request id, in one transaction with its event; what is answered.
    /// A shadow request is taken back when its answer is known.
    ///
    /// Dropped half-way it leaves nothing, or all of it.
    ///
    /// # Errors
    /// A database that is away or refuses. What became of a commit may then not be known: to ask again tells.
    pub async fn reserve(
        &self,
        request: &Request,
        reservation: &Reservation,
    ) -> Result<(u16, Reserved), sqlx::Error> {
        match self {
            Self::Sqlite(pool) => sqlite::reserve(pool, request, reservation).await,
            Self::Postgres(pool) => postgres::reserve(pool, request, reservation).await,
        }
    }

    /// Sets how many there are of an item.
    ///
    /// # Errors
    /// As [`Store::reserve`].
    pub async fn set(&self, item: &str, remaining: i64) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(pool) => sqlite::set(pool, item, remaining).await,
            Self::Postgres(pool) => postgres::set(pool, item, remaining).await,
        }
    }

    /// How many there are of an item.
    ///
    /// # Errors
    /// As [`Store::reserve`].
    pub async fn remaining(&self, item: &str) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => sqlite::remaining(pool, item).await,
            Self::Postgres(pool) => postgres::remaining(pool, item).await,
        }
    }

    /// The oldest events that are still here, at most so many, in their order.
    ///
    /// # Errors
    /// As [`Store::reserve`].
    pub async fn events(&self, most: i64) -> Result<Vec<Event>, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => sqlite::events(pool, most).await,
            Self::Postgres(pool) => postgres::events(pool, most).await,
        }
    }

    /// Removes events that were relayed; those that are not here any more do no harm.
    ///
    /// # Errors
    /// As [`Store::reserve`].
    pub async fn relayed(&self, ids: &[String]) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(pool) => sqlite::relayed(pool, ids).await,
            Self::Postgres(pool) => postgres::relayed(pool, ids).await,
        }
    }
}

/// What both drivers do; `begin` opens a transaction that may write.
macro_rules! queries {
    ($driver:ident, $pool:ty, begin = $begin:literal) => {
        mod $driver {
            use service::Request;
            use sqlx::Row as _;
            use uuid::Uuid;

            use super::Event;
            use crate::EVENTS;
            use crate::reserve::{Reservation, Reserved};

            fn unreadable(error: serde_json::Error) -> sqlx::Error {
                sqlx::Error::Decode(Box::new(error))
            }

            pub(super) async fn reserve(
                pool: &$pool,
                request: &Request,
                reservation: &Reservation,
            ) -> Result<(u16, Reserved), sqlx::Error> {
                let mut transaction = pool.begin_with($begin).await?;
                let id = request.id.to_string();
                // Another transaction with the same id is waited for here.
                let first = sqlx::query(
                    "INSERT INTO inbox (request, status, reply) VALUES ($1, 0, '') ON CONFLICT DO NOTHING",
                )
                .bind(&id)
                .execute(&mut *transaction)
                .await?;
                if first.rows_affected() == 0 {
                    let known = sqlx::query("SELECT status, reply FROM inbox WHERE request = $1")
                        .bind(&id)
                        .fetch_one(&mut *transaction)
                        .await?;
                    let reply: String = known.get(1);
                    let status = u16::try_from(known.get::<i64, _>(0)).unwrap_or(500);
                    return Ok((status, serde_json::from_str(&reply).map_err(unreadable)?));
                }
                let taken = sqlx::query(
                    "UPDATE stock SET remaining = remaining - $2 WHERE item = $1 AND remaining >= $2 RETURNING remaining",
                )
                .bind(&reservation.item)
                .bind(i64::from(reservation.quantity))
                .fetch_optional(&mut *transaction)
                .await?;
                let (status, left) = match taken {
                    Some(row) => (200, row.get(0)),
                    None => {
                        let row = sqlx::query("SELECT remaining FROM stock WHERE item = $1")
                            .bind(&reservation.item)
                            .fetch_optional(&mut *transaction)
                            .await?;
                        row.map_or((404, 0), |row| (409, row.get(0)))
                    }
                };
                let reserved = Reserved {
                    item: reservation.item.clone(),
                    left,
                };
                if request.shadow {
                    transaction.rollback().await?;
                    return Ok((status, reserved));
                }
                if status == 200 {
                    let event = serde_json::json!({
                        "request": id, "item": reservation.item, "quantity": reservation.quantity, "left": left,
                    });
                    sqlx::query("INSERT INTO outbox (id, topic, message_key, message) VALUES ($1, $2, $3, $4)")
                        .bind(Uuid::new_v4().to_string())
                        .bind(EVENTS)
                        .bind(&reservation.item)
                        .bind(event.to_string())
                        .execute(&mut *transaction)
                        .await?;
                }
                sqlx::query("UPDATE inbox SET status = $2, reply = $3 WHERE request = $1")
                    .bind(&id)
                    .bind(i64::from(status))
                    .bind(serde_json::to_string(&reserved).map_err(unreadable)?)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
                Ok((status, reserved))
            }

            pub(super) async fn set(pool: &$pool, item: &str, remaining: i64) -> Result<(), sqlx::Error> {
                sqlx::query(
                    "INSERT INTO stock (item, remaining) VALUES ($1, $2) ON CONFLICT (item) DO UPDATE SET remaining = $2",
                )
                .bind(item)
                .bind(remaining)
                .execute(pool)
                .await?;
                Ok(())
            }

            pub(super) async fn remaining(pool: &$pool, item: &str) -> Result<Option<i64>, sqlx::Error> {
                let row = sqlx::query("SELECT remaining FROM stock WHERE item = $1")
                    .bind(item)
                    .fetch_optional(pool)
                    .await?;
                Ok(row.map(|row| row.get(0)))
            }

            pub(super) async fn events(pool: &$pool, most: i64) -> Result<Vec<Event>, sqlx::Error> {
                let rows = sqlx::query("SELECT id, topic, message_key, message FROM outbox ORDER BY place LIMIT $1")
                    .bind(most)
                    .fetch_all(pool)
                    .await?;
                let event = |row: &_| {
                    let column = |index: usize| sqlx::Row::get::<String, _>(row, index);
                    Event {
                        id: column(0),
                        topic: column(1),
                        key: column(2),
                        value: column(3),
                    }
                };
                Ok(rows.iter().map(event).collect())
            }

            pub(super) async fn relayed(pool: &$pool, ids: &[String]) -> Result<(), sqlx::Error> {
                let mut transaction = pool.begin_with($begin).await?;
                for id in ids {
                    sqlx::query("DELETE FROM outbox WHERE id = $1")
                        .bind(id)
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await
            }
        }
    };
}

// A transaction that reads before it writes could not become one that writes while another does.
queries!(sqlite, sqlx::SqlitePool, begin = "BEGIN IMMEDIATE");
queries!(postgres, sqlx::PgPool, begin = "BEGIN");
