//! Answers, in Livy's fields and their order.
