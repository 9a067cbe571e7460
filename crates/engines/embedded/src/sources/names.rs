//! Names of formats: the short ones, and the names of classes that old programs give.

use hearth_base::Error;
use hearth_base::condition::{
    DATA_SOURCE_NOT_FOUND, HIVE_FILES, INVALID_REQUEST, KAFKA_MISSING, NO_READER, SOCKET_HOST_MISSING,
};

/// Packages and classes, in lower case, and the format that they are.
const CLASSES: [(&str, &str); 21] = [
    ("org.apache.spark.sql.json", "json"),
    ("org.apache.spark.sql.execution.datasources.json", "json"),
    ("org.apache.spark.sql.execution.datasources.v2.json.jsondatasourcev2", "json"),
    ("org.apache.spark.sql.parquet", "parquet"),
    ("org.apache.spark.sql.execution.datasources.parquet", "parquet"),
    ("org.apache.spark.sql.execution.datasources.v2.parquet.parquetdatasourcev2", "parquet"),
    ("org.apache.spark.sql.hive.orc", "orc"),
    ("org.apache.spark.sql.execution.datasources.orc", "orc"),
    ("org.apache.spark.sql.execution.datasources.v2.orc.orcdatasourcev2", "orc"),
    ("org.apache.spark.sql.execution.datasources.csv", "csv"),
    ("org.apache.spark.sql.execution.datasources.v2.csv.csvdatasourcev2", "csv"),
    ("com.databricks.spark.csv", "csv"),
    ("org.apache.spark.sql.execution.datasources.text", "text"),
    ("org.apache.spark.sql.execution.datasources.v2.text.textdatasourcev2", "text"),
    ("org.apache.spark.sql.execution.datasources.xml", "xml"),
    ("com.databricks.spark.xml", "xml"),
    ("org.apache.spark.sql.execution.datasources.binaryfile", "binaryfile"),
    ("org.apache.spark.sql.avro", "avro"),
    ("org.apache.spark.sql.v2.avro.avrodatasourcev2", "avro"),
    ("com.databricks.spark.avro", "avro"),
    ("io.delta.sql.deltadatasource", "delta"),
];

/// What a class of a package may be called.
const ENDINGS: [&str; 9] = [
    "defaultsource",
    "jsonfileformat",
    "parquetfileformat",
    "orcfileformat",
    "csvfileformat",
    "textfileformat",
    "xmlfileformat",
    "binaryfileformat",
    "avrofileformat",
];

/// The short name of a format, in lower case.
pub fn short(format: &str) -> String {
    let name = format.to_ascii_lowercase();
    let package = name.rsplit_once('.').filter(|(_, class)| ENDINGS.contains(class)).map(|(package, _)| package);
    let known = CLASSES.iter().find(|(class, _)| *class == name || Some(*class) == package);
    known.map_or(name, |(_, short)| (*short).to_owned())
}

/// The error for what is no format of files, as far as Spark has an own one for it.
pub fn not_for_files(format: &str) -> Error {
    match format.to_ascii_lowercase().as_str() {
        "hive" => HIVE_FILES.with("operation", "read"),
        "kafka" => KAFKA_MISSING.with("provider", format),
        "rate" | "console" => NO_READER.with("className", format),
        "socket" => SOCKET_HOST_MISSING.error(),
        "jdbc" => INVALID_REQUEST.with("message", "requirement failed: Option 'url' is required."),
        _ => DATA_SOURCE_NOT_FOUND.with("provider", format),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_short_names() {
        for (name, expected) in [
            ("CSV", "csv"),
            ("org.apache.spark.sql.parquet", "parquet"),
            ("org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat", "parquet"),
            ("com.databricks.spark.csv.DefaultSource", "csv"),
            ("com.example.ParquetFileFormat", "com.example.parquetfileformat"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}
