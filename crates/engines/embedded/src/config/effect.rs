//! Table of what Hearth makes of Spark's settings. A setting that is not here is kept and given back, without effect.

/// Key and what it does here.
pub const EFFECTS: &[(&str, &str)] = &[
    ("spark.sql.ansi.enabled", "overflow, division by zero and invalid casts are errors; `false` gives NULL"),
    ("spark.sql.session.timeZone", "the zone of TIMESTAMP texts and parts; UTC unless set"),
    ("spark.sql.caseSensitive", "whether names compare with case"),
    ("spark.sql.timestampType", "what TIMESTAMP means in a type"),
    ("spark.sql.mapKeyDedupPolicy", "what happens to a key that comes twice in a map"),
    ("spark.sql.legacy.sizeOfNull", "size(NULL) is -1, when ANSI is off"),
    ("spark.sql.decimalOperations.allowPrecisionLoss", "how the scale of decimal results is cut"),
    ("spark.sql.sources.default", "the format of tables and files that name none"),
    (
        "spark.sql.sources.partitionColumnTypeInference.enabled",
        "whether folders of partitions decide the types of their columns",
    ),
    ("spark.sql.files.ignoreCorruptFiles", "whether files that cannot be read are left out"),
    ("spark.sql.columnNameOfCorruptRecord", "the column for records that do not parse"),
    ("spark.sql.parquet.mergeSchema", "whether parquet files may have different columns"),
    ("spark.sql.orc.mergeSchema", "whether ORC files may have different columns"),
    ("spark.sql.sources.partitionOverwriteMode", "what an overwrite of a partitioned table replaces"),
    ("spark.sql.groupByOrdinal", "whether GROUP BY 1 means the first column"),
    ("spark.sql.orderByOrdinal", "whether ORDER BY 1 means the first column"),
    ("spark.sql.groupByAliases", "whether GROUP BY may name a column of the SELECT list"),
    ("spark.sql.crossJoin.enabled", "whether a join without a condition is allowed"),
    ("spark.sql.pivotMaxValues", "how many values a pivot may find"),
    ("spark.sql.repl.eagerEval.enabled", "read by clients"),
    ("spark.sql.execution.arrow.pyspark.enabled", "read by clients; the answer is Arrow in any case"),
    ("spark.sql.session.localRelationCacheThreshold", "read by clients: from which size on rows are uploaded"),
    ("spark.connect.session.planCompression.threshold", "read by clients: from which size on plans are compressed"),
];
