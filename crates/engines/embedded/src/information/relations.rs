//! Table of the relations: name, columns, where the rows come from.

use crate::effects::rows::{Column, int, optional, text, time};

pub struct Relation {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub contents: Contents,
}

/// Where the rows of a relation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// There is nothing of this kind here.
    Nothing,
    CatalogName,
    Catalogs,
    Schemata,
    Tables,
    Columns,
    Views,
    Routines,
    Parameters,
    RoutineColumns,
}

/// In the order of their names.
pub const RELATIONS: &[Relation] = &[
    empty("catalog_privileges", CATALOG_PRIVILEGES),
    empty("catalog_tags", CATALOG_TAGS),
    Relation { name: "catalogs", columns: CATALOGS, contents: Contents::Catalogs },
    empty("check_constraints", CHECK_CONSTRAINTS),
    empty("column_masks", COLUMN_MASKS),
    empty("column_tags", COLUMN_TAGS),
    Relation { name: "columns", columns: COLUMNS, contents: Contents::Columns },
    empty("constraint_column_usage", CONSTRAINT_COLUMN_USAGE),
    empty("constraint_table_usage", CONSTRAINT_TABLE_USAGE),
    Relation { name: "information_schema_catalog_name", columns: CATALOG_NAME, contents: Contents::CatalogName },
    empty("key_column_usage", KEY_COLUMN_USAGE),
    Relation { name: "parameters", columns: PARAMETERS, contents: Contents::Parameters },
    empty("referential_constraints", REFERENTIAL_CONSTRAINTS),
    Relation { name: "routine_columns", columns: ROUTINE_COLUMNS, contents: Contents::RoutineColumns },
    empty("routine_privileges", ROUTINE_PRIVILEGES),
    Relation { name: "routines", columns: ROUTINES, contents: Contents::Routines },
    empty("row_filters", ROW_FILTERS),
    empty("schema_privileges", SCHEMA_PRIVILEGES),
    empty("schema_tags", SCHEMA_TAGS),
    Relation { name: "schemata", columns: SCHEMATA, contents: Contents::Schemata },
    empty("table_constraints", TABLE_CONSTRAINTS),
    empty("table_privileges", TABLE_PRIVILEGES),
    empty("table_tags", TABLE_TAGS),
    Relation { name: "tables", columns: TABLES, contents: Contents::Tables },
    Relation { name: "views", columns: VIEWS, contents: Contents::Views },
    empty("volume_privileges", VOLUME_PRIVILEGES),
    empty("volume_tags", VOLUME_TAGS),
    empty("volumes", VOLUMES),
];

const fn empty(name: &'static str, columns: &'static [Column]) -> Relation {
    Relation { name, columns, contents: Contents::Nothing }
}

const CATALOG_NAME: &[Column] = &[text("catalog_name")];

const CATALOGS: &[Column] = &[
    text("catalog_name"),
    text("catalog_owner"),
    optional("comment"),
    time("created"),
    text("created_by"),
    time("last_altered"),
    text("last_altered_by"),
];

const SCHEMATA: &[Column] = &[
    text("catalog_name"),
    text("schema_name"),
    text("schema_owner"),
    optional("comment"),
    time("created"),
    text("created_by"),
    time("last_altered"),
    text("last_altered_by"),
];

const TABLES: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("table_type"),
    text("is_insertable_into"),
    text("commit_action"),
    text("table_owner"),
    optional("comment"),
    time("created"),
    text("created_by"),
    time("last_altered"),
    text("last_altered_by"),
    text("data_source_format"),
    optional("storage_sub_directory"),
    optional("storage_path"),
];

const COLUMNS: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("column_name"),
    int("ordinal_position"),
    optional("column_default"),
    text("is_nullable"),
    text("full_data_type"),
    text("data_type"),
    int("character_maximum_length"),
    optional("character_octet_length"),
    int("numeric_precision"),
    int("numeric_precision_radix"),
    int("numeric_scale"),
    int("datetime_precision"),
    optional("interval_type"),
    int("interval_precision"),
    int("maximum_cardinality"),
    text("is_identity"),
    optional("identity_generation"),
    optional("identity_start"),
    optional("identity_increment"),
    optional("identity_maximum"),
    optional("identity_minimum"),
    optional("identity_cycle"),
    optional("is_generated"),
    optional("generation_expression"),
    text("is_system_time_period_start"),
    text("is_system_time_period_end"),
    optional("system_time_period_timestamp_generation"),
    text("is_updatable"),
    int("partition_index"),
    optional("comment"),
];

const VIEWS: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    optional("view_definition"),
    text("check_option"),
    text("is_updatable"),
    text("is_insertable_into"),
    optional("sql_path"),
];

const ROUTINES: &[Column] = &[
    text("specific_catalog"),
    text("specific_schema"),
    text("specific_name"),
    text("routine_catalog"),
    text("routine_schema"),
    text("routine_name"),
    text("routine_type"),
    optional("data_type"),
    optional("full_data_type"),
    int("character_maximum_length"),
    optional("character_octet_length"),
    int("numeric_precision"),
    int("numeric_precision_radix"),
    int("numeric_scale"),
    int("datetime_precision"),
    optional("interval_type"),
    int("interval_precision"),
    int("maximum_cardinality"),
    text("routine_body"),
    optional("routine_definition"),
    optional("external_name"),
    optional("external_language"),
    text("parameter_style"),
    text("is_deterministic"),
    text("sql_data_access"),
    text("is_null_call"),
    optional("sql_path"),
    text("security_type"),
    text("as_locator"),
    optional("comment"),
    time("created"),
    text("created_by"),
    time("last_altered"),
    text("last_altered_by"),
    text("routine_owner"),
];

const PARAMETERS: &[Column] = &[
    text("specific_catalog"),
    text("specific_schema"),
    text("specific_name"),
    int("ordinal_position"),
    text("parameter_mode"),
    text("is_result"),
    text("as_locator"),
    optional("parameter_name"),
    text("data_type"),
    text("full_data_type"),
    int("character_maximum_length"),
    optional("character_octet_length"),
    int("numeric_precision"),
    int("numeric_precision_radix"),
    int("numeric_scale"),
    int("datetime_precision"),
    optional("interval_type"),
    int("interval_precision"),
    int("maximum_cardinality"),
    optional("parameter_default"),
    optional("comment"),
];

const ROUTINE_COLUMNS: &[Column] = &[
    text("specific_catalog"),
    text("specific_schema"),
    text("specific_name"),
    int("ordinal_position"),
    optional("column_name"),
    text("data_type"),
    text("full_data_type"),
    int("character_maximum_length"),
    optional("character_octet_length"),
    int("numeric_precision"),
    int("numeric_precision_radix"),
    int("numeric_scale"),
    int("datetime_precision"),
    optional("interval_type"),
    int("interval_precision"),
    int("maximum_cardinality"),
    optional("comment"),
];

const TABLE_CONSTRAINTS: &[Column] = &[
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("constraint_type"),
    text("is_deferrable"),
    text("initially_deferred"),
    text("enforced"),
    optional("comment"),
];

const CHECK_CONSTRAINTS: &[Column] = &[
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
    text("check_clause"),
    optional("sql_path"),
];

const REFERENTIAL_CONSTRAINTS: &[Column] = &[
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
    text("unique_constraint_catalog"),
    text("unique_constraint_schema"),
    text("unique_constraint_name"),
    text("match_option"),
    text("update_rule"),
    text("delete_rule"),
];

const KEY_COLUMN_USAGE: &[Column] = &[
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("column_name"),
    int("ordinal_position"),
    int("position_in_unique_constraint"),
];

const CONSTRAINT_COLUMN_USAGE: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("column_name"),
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
];

const CONSTRAINT_TABLE_USAGE: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("constraint_catalog"),
    text("constraint_schema"),
    text("constraint_name"),
];

const CATALOG_PRIVILEGES: &[Column] = &[
    text("grantor"),
    text("grantee"),
    text("catalog_name"),
    text("privilege_type"),
    text("is_grantable"),
    optional("inherited_from"),
];

const SCHEMA_PRIVILEGES: &[Column] = &[
    text("grantor"),
    text("grantee"),
    text("catalog_name"),
    text("schema_name"),
    text("privilege_type"),
    text("is_grantable"),
    optional("inherited_from"),
];

const TABLE_PRIVILEGES: &[Column] = &[
    text("grantor"),
    text("grantee"),
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("privilege_type"),
    text("is_grantable"),
    optional("inherited_from"),
];

const ROUTINE_PRIVILEGES: &[Column] = &[
    text("grantor"),
    text("grantee"),
    text("specific_catalog"),
    text("specific_schema"),
    text("specific_name"),
    text("routine_catalog"),
    text("routine_schema"),
    text("routine_name"),
    text("privilege_type"),
    text("is_grantable"),
    optional("inherited_from"),
];

const VOLUME_PRIVILEGES: &[Column] = &[
    text("grantor"),
    text("grantee"),
    text("volume_catalog"),
    text("volume_schema"),
    text("volume_name"),
    text("privilege_type"),
    text("is_grantable"),
    optional("inherited_from"),
];

const CATALOG_TAGS: &[Column] = &[text("catalog_name"), text("tag_name"), text("tag_value")];

const SCHEMA_TAGS: &[Column] = &[text("catalog_name"), text("schema_name"), text("tag_name"), text("tag_value")];

const TABLE_TAGS: &[Column] =
    &[text("catalog_name"), text("schema_name"), text("table_name"), text("tag_name"), text("tag_value")];

const COLUMN_TAGS: &[Column] = &[
    text("catalog_name"),
    text("schema_name"),
    text("table_name"),
    text("column_name"),
    text("tag_name"),
    text("tag_value"),
];

const VOLUME_TAGS: &[Column] =
    &[text("catalog_name"), text("schema_name"), text("volume_name"), text("tag_name"), text("tag_value")];

/// As clients of the service read it, which names a table's columns as the other relations do.
const ROW_FILTERS: &[Column] =
    &[text("table_catalog"), text("table_schema"), text("table_name"), text("filter_name"), text("target_columns")];

/// As `ROW_FILTERS`.
const COLUMN_MASKS: &[Column] = &[
    text("table_catalog"),
    text("table_schema"),
    text("table_name"),
    text("column_name"),
    text("mask_name"),
    text("using_columns"),
];

const VOLUMES: &[Column] = &[
    text("volume_catalog"),
    text("volume_schema"),
    text("volume_name"),
    text("volume_type"),
    text("volume_owner"),
    optional("comment"),
    optional("storage_location"),
    time("created"),
    text("created_by"),
    time("last_altered"),
    text("last_altered_by"),
];
