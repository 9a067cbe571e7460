//! Interpreters: child processes that run the code of sessions, in Python, Scala and R.
//!
//! `PROTOCOL.md` says how the server talks to them; the programs themselves stand in `python/`, `scala/` and `r/`.
