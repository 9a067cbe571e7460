//! Table of conditions about Delta tables; the names are Delta Lake's.

use super::conditions;

conditions! { DELTA:
    DELTA_TABLE_NOT_FOUND "DELTA_TABLE_NOT_FOUND" "42P01" Analysis "There is no Delta table <tableName>.";
    DELTA_PATH_EXISTS "DELTA_PATH_EXISTS" "42K04" Analysis "There is a Delta table at <path> already.";
    DELTA_ONLY_OPERATION "DELTA_TABLE_ONLY_OPERATION" "0AKDD" Analysis "<operation> is for Delta tables, and <tableName> is none.";
    DELTA_VERSION_NOT_FOUND "DELTA_VERSION_NOT_FOUND" "22003" Analysis "There is no version <userVersion> of the Delta table; the log has <earliest> to <latest>.";
    DELTA_TIMESTAMP_EARLIER "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION" "42816" Analysis "The time <userTimestamp> is before the first version that is left, of <commitTs>.";
    DELTA_TIMESTAMP_GREATER "DELTA_TIMESTAMP_GREATER_THAN_COMMIT" "42816" Analysis "The time <providedTimestamp> is after the last version, of <maximumTimestamp>.";
    DELTA_TIMESTAMP_INVALID "DELTA_TIMESTAMP_INVALID" "42816" Analysis "<expr> is no time.";
    DELTA_SCHEMA_MISMATCH "_LEGACY_ERROR_TEMP_DELTA_0007" "42KDG" Analysis "The columns of the rows (<dataSchema>) are not those of the Delta table (<tableSchema>). The options mergeSchema and overwriteSchema change the table's.";
    DELTA_FAILED_TO_MERGE_FIELDS "DELTA_FAILED_TO_MERGE_FIELDS" "22005" Analysis "The column <currentField> cannot become <updateField>.";
    DELTA_PARTITION_MISMATCH "DELTA_PARTITION_SCHEMA_MISMATCH" "42K05" Analysis "The Delta table is partitioned by [<tablePartitions>], not by [<partitions>].";
    DELTA_CONCURRENT_WRITE "DELTA_CONCURRENT_WRITE" "2D521" Conflict "Somebody else changed the Delta table <tableName> meanwhile: <message>";
    DELTA_VACUUM_RETENTION "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT" "22023" Analysis "VACUUM keeps what the last <hours> hours needed, unless spark.databricks.delta.retentionDurationCheck.enabled is false.";
    DELTA_UNSUPPORTED "DELTA_UNSUPPORTED_OPERATION" "0AKDC" Unsupported "Delta tables: <what> is not supported.";
    DELTA_FAILED "DELTA_OPERATION_FAILED" "XXKDS" Internal "The Delta table <tableName>: <message>";
}
