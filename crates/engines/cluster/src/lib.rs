//! A real Spark behind the doors, over gRPC.
