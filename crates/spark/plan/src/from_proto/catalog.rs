//! Calls of `spark.catalog`: the dispatch and its arms.
//!
//! Where the API takes a database beside a name, the database stands in front of the name's parts.

use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_proto::connect::catalog::CatType;
use hearth_types::DataType;

use super::command::storage_level;
use super::types::type_or_ddl;
use super::{invalid, options};
use crate::catalog::{CreateMode, CreateTable, FunctionScope, RecoverBy, Style, TableColumns, TablePromise};
use crate::identifier::parse_multipart_identifier as parse;
use crate::relation::TableName;
use crate::{CatalogOp, Name};

pub(super) fn catalog(proto: pb::Catalog) -> Result<CatalogOp> {
    match proto.cat_type.ok_or_else(|| invalid::not_set("spark.connect.Catalog", "cat_type"))? {
        CatType::CurrentDatabase(_) => Ok(CatalogOp::CurrentDatabase),
        CatType::SetCurrentDatabase(op) => set_database(&op),
        CatType::ListDatabases(op) => Ok(list_databases(op)),
        CatType::ListTables(op) => list_tables(op),
        CatType::ListFunctions(op) => list_functions(op),
        CatType::ListColumns(op) => list_columns(&op),
        CatType::GetDatabase(op) => Ok(CatalogOp::GetDatabase { name: parse(&op.db_name)? }),
        CatType::GetTable(op) => Ok(CatalogOp::GetTable { name: qualified(op.db_name, &op.table_name)? }),
        CatType::GetFunction(op) => Ok(CatalogOp::GetFunction { name: qualified(op.db_name, &op.function_name)? }),
        CatType::DatabaseExists(op) => Ok(CatalogOp::DatabaseExists { name: parse(&op.db_name)? }),
        CatType::TableExists(op) => Ok(CatalogOp::TableExists { name: qualified(op.db_name, &op.table_name)? }),
        CatType::FunctionExists(op) => function_exists(op),
        CatType::CreateExternalTable(op) => create_external_table(op),
        CatType::CreateTable(op) => create_table(op),
        CatType::DropTempView(op) => Ok(CatalogOp::DropTempView { name: op.view_name }),
        CatType::DropGlobalTempView(op) => Ok(CatalogOp::DropGlobalTempView { name: op.view_name }),
        CatType::RecoverPartitions(op) => recover_partitions(&op),
        CatType::IsCached(op) => Ok(CatalogOp::IsCached { name: parse(&op.table_name)? }),
        CatType::CacheTable(op) => cache_table(&op),
        CatType::UncacheTable(op) => uncache_table(&op),
        CatType::ClearCache(_) => Ok(CatalogOp::ClearCache),
        CatType::RefreshTable(op) => Ok(CatalogOp::RefreshTable { name: table(&op.table_name)?, is_statement: false }),
        CatType::RefreshByPath(op) => Ok(CatalogOp::RefreshByPath { path: op.path }),
        CatType::CurrentCatalog(_) => Ok(CatalogOp::CurrentCatalog),
        CatType::SetCurrentCatalog(op) => Ok(CatalogOp::SetCurrentCatalog { name: op.catalog_name }),
        CatType::ListCatalogs(op) => Ok(CatalogOp::ListCatalogs { pattern: op.pattern, style: Style::Api }),
        CatType::DropTable(op) => drop_table(&op),
        CatType::DropView(op) => drop_view(&op),
        CatType::CreateDatabase(op) => create_database(op),
        CatType::DropDatabase(op) => drop_database(&op),
        CatType::ListPartitions(op) => list_partitions(&op),
        CatType::ListViews(op) => list_views(op),
        CatType::GetTableProperties(op) => get_table_properties(&op),
        CatType::GetCreateTableString(op) => get_create_table(&op),
        CatType::TruncateTable(op) => truncate_table(&op),
        CatType::AnalyzeTable(op) => analyze_table(&op),
    }
}

fn set_database(op: &pb::SetCurrentDatabase) -> Result<CatalogOp> {
    Ok(CatalogOp::SetCurrentDatabase { name: parse(&op.db_name)?, style: Style::Api })
}

fn recover_partitions(op: &pb::RecoverPartitions) -> Result<CatalogOp> {
    Ok(CatalogOp::RecoverPartitions { name: table(&op.table_name)?, by: RecoverBy::Call })
}

fn table(text: &str) -> Result<TableName> {
    Ok(TableName::from(parse(text)?))
}

/// With a database, the other name is one part as it stands; without, it may have several.
fn qualified(database: Option<String>, name: &str) -> Result<Name> {
    match database {
        Some(database) => Ok(parse(&database)?.into_iter().chain([name.to_owned()]).collect()),
        None => parse(name),
    }
}

fn database(name: Option<String>) -> Result<Option<Name>> {
    name.as_deref().map(parse).transpose()
}

fn list_databases(op: pb::ListDatabases) -> CatalogOp {
    CatalogOp::ListDatabases { catalog: None, pattern: op.pattern, style: Style::Api }
}

fn list_tables(op: pb::ListTables) -> Result<CatalogOp> {
    Ok(CatalogOp::ListTables { database: database(op.db_name)?, pattern: op.pattern, style: Style::Api })
}

fn list_views(op: pb::ListViews) -> Result<CatalogOp> {
    Ok(CatalogOp::ListViews { database: database(op.db_name)?, pattern: op.pattern, style: Style::Api })
}

fn list_functions(op: pb::ListFunctions) -> Result<CatalogOp> {
    let (database, pattern) = (database(op.db_name)?, op.pattern);
    Ok(CatalogOp::ListFunctions { database, pattern, scope: FunctionScope::All, style: Style::Api })
}

fn list_columns(op: &pb::ListColumns) -> Result<CatalogOp> {
    let database = database(op.db_name.clone())?;
    let name = if database.is_some() { vec![op.table_name.clone()] } else { parse(&op.table_name)? };
    Ok(CatalogOp::ListColumns { name: TableName::from(name), database, style: Style::Api })
}

fn function_exists(op: pb::FunctionExists) -> Result<CatalogOp> {
    Ok(CatalogOp::FunctionExists { name: qualified(op.db_name, &op.function_name)? })
}

fn create_external_table(op: pb::CreateExternalTable) -> Result<CatalogOp> {
    create_table(pb::CreateTable {
        table_name: op.table_name,
        path: op.path,
        source: op.source,
        description: None,
        schema: op.schema,
        options: op.options,
    })
}

/// A path makes the table external.
fn create_table(op: pb::CreateTable) -> Result<CatalogOp> {
    let columns = match op.schema.map(type_or_ddl).transpose()? {
        None => TableColumns::Inferred,
        Some(DataType::Struct(structure)) if structure.fields.is_empty() => TableColumns::Inferred,
        Some(schema) => TableColumns::Schema(schema),
    };
    Ok(CatalogOp::CreateTable(Box::new(CreateTable {
        name: table(&op.table_name)?,
        columns,
        provider: op.source,
        options: options(op.options),
        partitioning: Vec::new(),
        partition_columns: Vec::new(),
        cluster_columns: Vec::new(),
        bucket: None,
        external: op.path.is_some(),
        location: op.path,
        comment: op.description.filter(|description| !description.is_empty()),
        properties: Vec::new(),
        query: None,
        like: None,
        mode: CreateMode::Create,
        sort_columns: Vec::new(),
        promise: TablePromise::Nothing,
        collation: None,
    })))
}

fn cache_table(op: &pb::CacheTable) -> Result<CatalogOp> {
    Ok(CatalogOp::CacheTable {
        name: table(&op.table_name)?,
        query: None,
        lazy: true,
        storage: op.storage_level.as_ref().map(storage_level),
        options: Vec::new(),
    })
}

fn uncache_table(op: &pb::UncacheTable) -> Result<CatalogOp> {
    Ok(CatalogOp::UncacheTable { name: table(&op.table_name)?, if_exists: false })
}

fn drop_table(op: &pb::DropTable) -> Result<CatalogOp> {
    Ok(CatalogOp::DropTable { name: table(&op.table_name)?, if_exists: op.if_exists, purge: op.purge })
}

fn drop_view(op: &pb::DropView) -> Result<CatalogOp> {
    Ok(CatalogOp::DropView { name: table(&op.view_name)?, if_exists: op.if_exists })
}

/// The API puts a comment and a location among the properties.
fn create_database(op: pb::CreateDatabase) -> Result<CatalogOp> {
    let mut properties = op.properties;
    Ok(CatalogOp::CreateDatabase {
        name: parse(&op.db_name)?,
        if_not_exists: op.if_not_exists,
        comment: properties.remove("comment"),
        location: properties.remove("location"),
        properties: options(properties),
    })
}

fn drop_database(op: &pb::DropDatabase) -> Result<CatalogOp> {
    Ok(CatalogOp::DropDatabase { name: parse(&op.db_name)?, if_exists: op.if_exists, cascade: op.cascade })
}

fn list_partitions(op: &pb::ListPartitions) -> Result<CatalogOp> {
    Ok(CatalogOp::ListPartitions { name: table(&op.table_name)?, partition: Vec::new(), style: Style::Api })
}

fn get_table_properties(op: &pb::GetTableProperties) -> Result<CatalogOp> {
    Ok(CatalogOp::GetTableProperties { name: table(&op.table_name)?, key: None, style: Style::Api })
}

fn get_create_table(op: &pb::GetCreateTableString) -> Result<CatalogOp> {
    Ok(CatalogOp::GetCreateTable { name: table(&op.table_name)?, as_serde: op.as_serde, style: Style::Api })
}

fn truncate_table(op: &pb::TruncateTable) -> Result<CatalogOp> {
    Ok(CatalogOp::TruncateTable { name: table(&op.table_name)?, partition: Vec::new(), style: Style::Api })
}

fn analyze_table(op: &pb::AnalyzeTable) -> Result<CatalogOp> {
    let (partition, columns) = (Vec::new(), None);
    Ok(CatalogOp::AnalyzeTable { name: table(&op.table_name)?, partition, no_scan: op.no_scan, columns })
}
