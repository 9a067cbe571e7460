//! Table of conditions about `df.write`: sources, options and what a saved table must agree with.

use super::conditions;

conditions! { WRITING:
    AVRO_CANNOT_WRITE_NULL_FIELD "AVRO_CANNOT_WRITE_NULL_FIELD" "22004" Runtime "NULL cannot be written for the field <name>, which is <dataType> in Avro: say a union with \"null\" in the option `avroSchema`.";
    UNSUPPORTED_DATA_SOURCE_SAVE_MODE "UNSUPPORTED_DATA_SOURCE_SAVE_MODE" "0A000" Analysis "The source <source> is not written in the mode <createMode>.";
    SAVE_WITH_TWO_PATHS "_LEGACY_ERROR_TEMP_1307" "" Analysis "A path is given twice: as the option 'path' and to save(). <config> allows it.";
    EMPTY_SCHEMA_NOT_SUPPORTED "EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE" "0A000" Analysis "<format> files have at least one column.";
    BUCKET_COLUMN_IS_PARTITION "_LEGACY_ERROR_TEMP_1166" "" Analysis "The bucket column '<bucketCol>' is one of the partition columns '<normalizedPartCols>'.";
    SORT_COLUMN_IS_PARTITION "_LEGACY_ERROR_TEMP_1167" "" Analysis "The sort column '<sortCol>' is one of the partition columns '<normalizedPartCols>'.";
    CLUSTER_BY_WITH_BUCKETING "SPECIFY_CLUSTER_BY_WITH_BUCKETING_IS_NOT_ALLOWED" "42908" Analysis "CLUSTER BY and buckets do not go together.";
    APPEND_BUCKETING "_LEGACY_ERROR_TEMP_1164" "" Analysis "The table <tableName> has other buckets (<existingBucketString>) than asked for (<specifiedBucketString>).";
    APPEND_LOCATION "_LEGACY_ERROR_TEMP_1160" "" Analysis "The table <identifier> is at `<existingTableLoc>`, not at `<tableDescLoc>`.";
    APPEND_TO_VIEW "_LEGACY_ERROR_TEMP_1158" "" Analysis "Rows cannot be saved into a view.";
    UNSUPPORTED_INSERT_RDD_BASED "UNSUPPORTED_INSERT.RDD_BASED" "42809" Analysis "Rows cannot be inserted into a temporary view.";
    EXTERNAL_METADATA_UNSUPPORTED "CANNOT_CREATE_DATA_SOURCE_TABLE.EXTERNAL_METADATA_UNSUPPORTED" "42KDE" Unsupported "<tableName> cannot be a table of <provider>, which keeps no columns of others.";
    SAVE_IN_UNKNOWN_CATALOG "_LEGACY_ERROR_TEMP_1310" "" Analysis "Tables are not saved in a catalog like that of <quote>.";
    SHOW_CREATE_TEMPORARY_VIEW "UNSUPPORTED_SHOW_CREATE_TABLE.ON_TEMPORARY_VIEW" "0A000" Analysis "The temporary view <tableName> has no CREATE TABLE.";
    INVALID_TRANSFORM "_LEGACY_ERROR_TEMP_1316" "" Analysis "Rows cannot be partitioned by <expr>.";
    EXCEED_LIMIT_LENGTH "EXCEED_LIMIT_LENGTH" "54006" Runtime "A text is longer than the <limit> characters of its column.";
}
