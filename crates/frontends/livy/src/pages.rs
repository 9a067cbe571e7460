//! Pages for people: sessions, batches and their logs.
