//! The fields of requests that hold plans, which generated code carries as bytes.
//!
//! A message and its bytes look the same on the wire. Leaving these undecoded means that a front door passes on what
//! the client sent byte for byte, fields unknown to us included, and that only an engine pays for decoding. The build
//! script reads this list too.

/// Message (full name) and field.
pub const OPAQUE_FIELDS: &[(&str, &str)] = &[
    ("spark.connect.ExecutePlanRequest", "plan"),
    ("spark.connect.AnalyzePlanRequest.Schema", "plan"),
    ("spark.connect.AnalyzePlanRequest.Explain", "plan"),
    ("spark.connect.AnalyzePlanRequest.TreeString", "plan"),
    ("spark.connect.AnalyzePlanRequest.IsLocal", "plan"),
    ("spark.connect.AnalyzePlanRequest.IsStreaming", "plan"),
    ("spark.connect.AnalyzePlanRequest.InputFiles", "plan"),
    ("spark.connect.AnalyzePlanRequest.SemanticHash", "plan"),
    ("spark.connect.AnalyzePlanRequest.SameSemantics", "target_plan"),
    ("spark.connect.AnalyzePlanRequest.SameSemantics", "other_plan"),
    ("spark.connect.AnalyzePlanRequest.Persist", "relation"),
    ("spark.connect.AnalyzePlanRequest.Unpersist", "relation"),
    ("spark.connect.AnalyzePlanRequest.GetStorageLevel", "relation"),
];
