//! Livy's time strings: `30s`, `2h`, `500` (milliseconds).
