//! Candidates for the word at a cursor in SQL.
