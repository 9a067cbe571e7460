//! Rows as the output of a SQL statement.
