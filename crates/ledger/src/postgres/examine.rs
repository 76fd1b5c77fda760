use super::PostgresLedger;
use super::open::CONNECTIONS;
use crate::ReadError;
use crate::rows::{Examination, Remark};

/// The oldest that this is tested with.
const OLDEST: i32 = 140_000;

impl PostgresLedger {
    pub(crate) async fn examine(&self) -> Result<Examination, ReadError> {
        let asked = self
            .row(sqlx::query!(
                r#"SELECT current_setting('server_version') AS "version!",
                    current_setting('server_version_num')::integer AS "number!",
                    clock_timestamp() AS "now!: jiff_sqlx::Timestamp",
                    (SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()) AS "encoding!",
                    current_setting('full_page_writes') AS "full_page_writes!",
                    pg_is_in_recovery() AS "standby!",
                    current_setting('max_connections')::integer AS "most!",
                    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS "used!""#
            ))
            .await?;
        let Some(asked) = asked else { return Ok(Examination::default()) };
        let mut remarks = Vec::new();
        if asked.number < OLDEST {
            remarks.push(Remark::minor(
                format!("Postgres {} is older than 14", asked.version),
                "move the database to a version that is still cared for",
            ));
        }
        if asked.standby {
            remarks.push(Remark::grave(
                "it is a standby: nothing can be written".to_owned(),
                "point ledger.url at the primary",
            ));
        }
        if asked.encoding != "UTF8" {
            remarks.push(Remark::grave(
                format!("its encoding is {} instead of UTF8", asked.encoding),
                "make the database anew with ENCODING 'UTF8' TEMPLATE template0",
            ));
        }
        if asked.full_page_writes == "off" {
            remarks.push(Remark::minor(
                "full_page_writes is off: a crash may tear pages".to_owned(),
                "set it back on, unless the storage writes pages of 8 KiB as one",
            ));
        }
        let left = i64::from(asked.most) - asked.used;
        if left < i64::from(CONNECTIONS) {
            remarks.push(Remark::minor(
                format!(
                    "{} of {} connections are in use, and a process may want {CONNECTIONS}",
                    asked.used, asked.most
                ),
                "raise max_connections, or run fewer processes",
            ));
        }
        remarks.extend(self.rights().await?);
        Ok(Examination {
            server: format!("Postgres {}", asked.version),
            now: Some(asked.now.to_jiff()),
            remarks,
        })
    }

    async fn rights(&self) -> Result<Vec<Remark>, ReadError> {
        let mut remarks = Vec::new();
        let tables = self
            .rows(sqlx::query!(
                r#"SELECT c.relname::text AS "name!" FROM pg_class c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                AND c.relname NOT IN ('_sqlx_migrations', 'ledger_schema')
                AND NOT (
                    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')
                )
                ORDER BY 1"#
            ))
            .await?;
        if !tables.is_empty() {
            let names: Vec<_> = tables.into_iter().map(|row| row.name).collect();
            remarks.push(Remark::grave(
                format!("this role may not read and write {}", names.join(", ")),
                "as the schema's owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the role of ledger.url",
            ));
        }
        let analysts = self
            .rows(sqlx::query!(
                r#"SELECT c.relname::text AS "name!", c.relkind = 'v' AS "view!",
                    has_table_privilege(r.oid, c.oid, 'SELECT') AS "reads!"
                FROM pg_roles r, pg_class c
                WHERE r.rolname = 'ringback_analytics' AND c.relnamespace = current_schema()::regnamespace
                AND (c.relkind = 'r' OR (c.relkind = 'v' AND c.relname LIKE 'analytics\_%'))
                ORDER BY 1"#
            ))
            .await?;
        let names = |of: fn(bool, bool) -> bool| -> Vec<&str> {
            analysts.iter().filter(|row| of(row.view, row.reads)).map(|row| row.name.as_str()).collect()
        };
        let (missed, seen) = (names(|view, reads| view && !reads), names(|view, reads| !view && reads));
        if analysts.is_empty() {
            remarks.push(Remark::minor(
                "the role ringback_analytics is missing: nobody can be let in to the views alone".to_owned(),
                "have CREATE ROLE ringback_analytics NOLOGIN run by one that may, then run `ringback migrate`",
            ));
        }
        if !missed.is_empty() {
            remarks.push(Remark::minor(
                format!("ringback_analytics may not read {}", missed.join(", ")),
                "run `ringback migrate` as the schema's owner",
            ));
        }
        if !seen.is_empty() {
            remarks.push(Remark::minor(
                format!("ringback_analytics may read more than the views: {}", seen.join(", ")),
                "REVOKE SELECT on these from ringback_analytics, and from PUBLIC",
            ));
        }
        Ok(remarks)
    }
}
