//! Requests, read as strictly as Livy does.
