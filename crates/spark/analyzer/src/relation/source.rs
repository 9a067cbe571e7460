//! Where rows come from: tables, views, files, rows that came with the plan, `VALUES`, table functions.

use std::hash::{Hash, Hasher};
use std::io::Cursor;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType as ArrowType, TimeUnit};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::catalog::MemTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan, LogicalPlanBuilder, TableScanBuilder};
use hearth_base::condition::{
    FAILED_FUNCTION_CALL, INVALID_INLINE_TABLE_DIFFERENT_COLUMNS, NON_FOLDABLE_ARGUMENT, NOT_A_CONSTANT_EXPRESSION,
    NOT_A_TABLE_FUNCTION, TABLE_OR_VIEW_NOT_FOUND, UNEXPECTED_INPUT_TYPE, UNRESOLVABLE_TABLE_VALUED_FUNCTION,
    UNSUPPORTED_ARROWTYPE,
};
use hearth_base::{Error, Result};
use hearth_functions::kernels::string::lengths;
use hearth_functions::{Typed, cast, coercion};
use hearth_plan::relation::{DataSource, NameForm, NamedTable, TableFunction, TableName};
use hearth_plan::{Expr, ExprNode, Name};
use hearth_types::arrow::{cast_batch_to, from_arrow_schema, to_engine_schema};
use hearth_types::metadata::CHAR_VARCHAR;
use hearth_types::{DataType, StructField, StructType, spatial};

use crate::analyzer::{Analyzer, CteFrame, Env, Parameters, WorkingTable, plan_error, unsupported};
use crate::expression::cast::without_lengths;
use crate::expression::context::{Clause, Cx};
use crate::rel::{Rel, project};
use crate::relation::block::Block;
use crate::scope::{Column, Scope, quote_name, same_name};
use crate::view::{
    LocalRows, RemoteRelation, ResolvedTable, SessionFunction, SqlFunctionBody, TableEntry, TableKey, ViewEntry,
    local_key,
};

/// `spark.sql.view.maxNestedViewDepth`
const MAX_VIEW_DEPTH: usize = 100;

impl Rel {
    /// One row without columns.
    pub fn one_row() -> Self {
        let schema = Arc::new(datafusion::common::DFSchema::empty());
        Self::new(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, schema }), Scope::default())
    }
}

impl Analyzer<'_> {
    pub fn named_table(&self, table: &NamedTable, env: Env<'_>) -> Result<Rel> {
        if table.is_streaming {
            return unsupported("streaming tables");
        }
        let name = self.table_name(&table.name, env)?;
        if let [only] = name.as_slice()
            && let Some(frame) = self.cte(only, env.ctes)
        {
            return self.cte_use(frame, env);
        }
        let key = TableKey::new(table, &name, env.place, self.case_sensitive);
        match self.view.tables.get(&key) {
            Some(ResolvedTable::Table(entry)) => self.scan(entry),
            Some(ResolvedTable::View(view)) => self.view_rel(view, env),
            None => {
                let parts: Vec<&str> = name.iter().map(String::as_str).collect();
                let current = quote_name(&[&env.settings.current_catalog, &env.settings.current_database]);
                Err(TABLE_OR_VIEW_NOT_FOUND
                    .with("relationName", quote_name(&parts))
                    .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {current}]")))
            }
        }
    }

    pub(crate) fn table_name(&self, name: &TableName, env: Env<'_>) -> Result<Vec<String>> {
        match &name.form {
            NameForm::Plain(name) => Ok(name.clone()),
            NameForm::Identifier(expr) => self.constant_name(expr, env),
        }
    }

    pub(crate) fn cte<'e>(&self, name: &str, frame: Option<&'e CteFrame<'e>>) -> Option<&'e CteFrame<'e>> {
        let frame = frame?;
        if same_name(&frame.definition.name, name, false) { Some(frame) } else { self.cte(name, frame.parent) }
    }

    fn scan(&self, entry: &TableEntry) -> Result<Rel> {
        // All of the name: plans of different tables must differ.
        let reference = datafusion::common::TableReference::bare(entry.name.join("."));
        let source = provider_as_source(Arc::clone(&entry.source));
        let scan = TableScanBuilder::new(reference, source).build();
        let plan = LogicalPlan::TableScan(scan.map_err(plan_error)?);
        self.with_padding(plan, &entry.schema, &entry.name.as_slice().into())
    }

    /// Columns of `char(n)` and `varchar(n)` are strings that know where they come from, those of `char(n)` padded.
    fn with_padding(&self, plan: LogicalPlan, schema: &StructType, qualifier: &Arc<[String]>) -> Result<Rel> {
        let plain = |field: &StructField| without_lengths(&field.data_type) == field.data_type;
        if schema.fields.iter().all(plain) {
            return self.rename(plan, schema, qualifier);
        }
        let strings = schema.fields.iter().map(|field| {
            let shown = StructField { data_type: without_lengths(&field.data_type), ..field.clone() };
            if plain(field) {
                shown
            } else {
                shown.with_metadata_text(CHAR_VARCHAR, &field.data_type.sql().to_lowercase())
            }
        });
        let rel = self.rename(plan, &StructType::new(strings), qualifier)?;
        if !schema.fields.iter().any(|field| matches!(field.data_type, DataType::Char { .. })) {
            return Ok(rel);
        }
        let hidden = rel.scope.hidden.clone();
        let mut expressions = Vec::with_capacity(rel.scope.columns.len());
        let mut columns = Vec::with_capacity(rel.scope.columns.len());
        for (column, field) in rel.scope.columns.iter().zip(schema.fields.iter()) {
            let DataType::Char { length } = field.data_type else {
                expressions.push(column.id.expr());
                columns.push(column.clone());
                continue;
            };
            let id = self.new_id();
            expressions.push(lengths::padded(column.typed(), length)?.expr.alias(id.plan_name()));
            columns.push(Column { id, ..column.clone() });
        }
        expressions.extend(hidden.iter().map(|column| column.id.expr()));
        Ok(Rel::new(project(rel.plan, expressions)?, Scope { columns, hidden }))
    }

    fn view_rel(&self, view: &ViewEntry, env: Env<'_>) -> Result<Rel> {
        if env.depth >= MAX_VIEW_DEPTH {
            return unsupported("views nested more than 100 deep");
        }
        let settings = view.settings.as_deref().unwrap_or(env.settings);
        let inner = Env { settings, place: &view.place, depth: env.depth + 1, ..self.env() };
        let rel = self.relation(&view.query, inner)?;
        let rel = match &view.columns {
            Some(columns) if columns.fields.len() == rel.scope.columns.len() => self.as_schema(rel, columns, env)?,
            _ => rel,
        };
        let qualifier: Arc<[String]> = view.name.as_slice().into();
        let names = view.columns.as_ref().map(|columns| &columns.fields);
        let columns = rel.scope.columns.iter().enumerate().map(|(index, column)| {
            let field = names.and_then(|fields| fields.get(index));
            Column {
                name: field.map_or_else(|| Arc::clone(&column.name), |field| Arc::clone(&field.name)),
                qualifier: Arc::clone(&qualifier),
                metadata: field.and_then(|field| field.metadata.clone()).or_else(|| column.metadata.clone()),
                ..column.clone()
            }
        });
        Ok(Rel::new(rel.plan.clone(), Scope::new(columns.collect())))
    }

    pub fn data_source(&self, source: &DataSource) -> Result<Rel> {
        if source.is_streaming {
            return unsupported("streaming sources");
        }
        let Some((_, resolved)) = self.view.sources.iter().find(|(known, _)| known == source) else {
            return Err(Error::internal("a data source was not resolved before the analysis"));
        };
        let entry = TableEntry {
            name: vec![source_name(source)],
            source: Arc::clone(&resolved.source),
            schema: resolved.schema.clone(),
        };
        let rel = self.scan(&entry)?;
        Ok(without_qualifiers(rel))
    }

    pub fn local_relation(&self, data: Option<&[u8]>, schema: Option<&str>) -> Result<Rel> {
        self.rows(&decode_local_relation(data, schema)?)
    }

    pub fn cached_local(&self, data_hashes: &[String], schema_hash: Option<&str>) -> Result<Rel> {
        match self.view.local.get(&local_key(data_hashes, schema_hash)) {
            Some(rows) => self.rows(rows),
            None => Err(Error::internal("a cached local relation was not resolved before the analysis")),
        }
    }

    pub(crate) fn rows(&self, rows: &LocalRows) -> Result<Rel> {
        let schema = match rows.batches.first() {
            Some(batch) => batch.schema(),
            None => to_engine_schema(&rows.schema),
        };
        if schema.fields().is_empty() {
            return self.rows_without_columns(rows.batches.iter().map(RecordBatch::num_rows).sum());
        }
        // Names may repeat; positions do not.
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(index, field)| field.as_ref().clone().with_name(format!("c{index}")))
            .collect();
        let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(fields));
        let batches = rows
            .batches
            .iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()).map_err(Error::internal))
            .collect::<Result<Vec<_>>>()?;
        let table = MemTable::try_new(schema, vec![batches]).map_err(plan_error)?;
        let entry =
            TableEntry { name: vec![local_name(&rows.batches)], source: Arc::new(table), schema: rows.schema.clone() };
        Ok(without_qualifiers(self.scan(&entry)?))
    }

    fn rows_without_columns(&self, rows: usize) -> Result<Rel> {
        let range = self.range((0, i64::try_from(rows).unwrap_or(i64::MAX), 1), Some(1))?;
        Ok(Rel::new(range.plan, Scope::default()))
    }

    pub fn remote(&self, relation_id: &str, env: Env<'_>) -> Result<Rel> {
        match self.view.remote.get(relation_id) {
            Some(RemoteRelation::Stored(entry)) => Ok(without_qualifiers(self.scan(entry)?)),
            Some(RemoteRelation::Plan(relation)) => self.relation(relation, Env { place: env.place, ..self.env() }),
            None => Err(hearth_base::condition::DATAFRAME_NOT_FOUND.with("dfId", relation_id)),
        }
    }

    /// `VALUES`: columns `col1`, `col2`, … of the common types of their rows.
    fn is_outer_column(&self, value: &Expr, env: Env<'_>) -> bool {
        let hearth_plan::ExprNode::Attribute { name, .. } = &value.node else { return false };
        env.outer.is_some_and(|outer| matches!(outer.rel.scope.find(name, self.case_sensitive), Ok(Some(_))))
    }

    pub fn inline_table(&self, rows: &[Vec<Expr>], env: Env<'_>) -> Result<Rel> {
        let nothing = Rel::one_row();
        let cx = Cx::new(env, &nothing, Clause::Values);
        let width = rows.first().map_or(0, Vec::len);
        let mut typed: Vec<Vec<Typed>> = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            if row.len() != width {
                return Err(INVALID_INLINE_TABLE_DIFFERENT_COLUMNS
                    .with("expectedNumCols", width)
                    .with("actualNumCols", row.len())
                    .with("rowIndex", index));
            }
            if let Some(value) = row.iter().find(|value| self.is_outer_column(value, env)) {
                return Err(hearth_base::condition::OUTER_VALUE_IN_INLINE_TABLE
                    .with("expr", format!("\"outer({})\"", crate::naming::sql(value))));
            }
            if let Some(value) = row.iter().find(|value| self.sql_function_in(value).is_some()) {
                let routine = match &value.node {
                    ExprNode::Function(call) => self.named_routine(call),
                    _ => None,
                };
                let shown = routine.map(|call| Expr::new(ExprNode::Function(Box::new(call))));
                let text = crate::naming::sql(shown.as_ref().unwrap_or(value));
                return Err(hearth_base::condition::OUTER_VALUE_IN_INLINE_TABLE.with("expr", format!("\"{text}\"")));
            }
            typed.push(row.iter().map(|value| self.expression(value, cx)).collect::<Result<_>>()?);
        }
        let mut fields = Vec::with_capacity(width);
        for column in 0..width {
            let types: Vec<DataType> = typed.iter().map(|row| row[column].data_type.clone()).collect();
            // Spark does not promote between text and other types here (`ResolveInlineTables`).
            let mixed = !super::set_op::same_collation(&types)
                || types.iter().any(DataType::is_string)
                    && types.iter().any(|data_type| !data_type.is_string() && *data_type != DataType::Null);
            let common = if mixed { None } else { coercion::common_type(&types, env.settings) };
            let common = common.ok_or_else(|| {
                hearth_base::condition::INVALID_INLINE_TABLE_INCOMPATIBLE_TYPES
                    .with("colName", format!("`col{}`", column + 1))
            })?;
            let nullable = typed.iter().any(|row| row[column].nullable);
            fields.push(StructField::new(format!("col{}", column + 1), common, nullable));
        }
        let mode = cast::CastMode::of(env.settings);
        let cast_row = |row: Vec<Typed>| -> Result<Vec<datafusion::logical_expr::Expr>> {
            let cells = row.into_iter().zip(&fields);
            cells.map(|(value, field)| Ok(cast::cast(value, &field.data_type, mode, env.settings)?.expr)).collect()
        };
        let values = typed.into_iter().map(cast_row).collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::values(values).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
        self.rename(plan, &StructType::new(fields), &Arc::default())
    }

    /// `range(…)`, generators and SQL table functions in `FROM`.
    pub fn table_function(&self, function: &TableFunction, env: Env<'_>) -> Result<Rel> {
        match &function.name.form {
            NameForm::Plain(name) => self.named_table_function((name, &function.arguments), env),
            NameForm::Identifier(name) => {
                self.named_table_function((&self.constant_name(name, env)?, &function.arguments), env)
            }
        }
    }

    fn named_table_function(&self, (written, arguments): (&Name, &[Expr]), env: Env<'_>) -> Result<Rel> {
        let name = written.join(".").to_lowercase();
        if name == "range" && self.session_function(written).is_none() {
            return self.range_function(arguments, env);
        }
        if let Some(SessionFunction::Sql(known)) = self.session_function(written) {
            let nothing = Rel::one_row();
            let cx = Cx::new(env, &nothing, Clause::Values);
            let arguments = self.sql_function_arguments(known, arguments, cx)?;
            let SqlFunctionBody::Query(query) = &known.body else {
                return Err(NOT_A_TABLE_FUNCTION.with("functionName", &known.qualified));
            };
            let parameters = Parameters { arguments: &arguments, function: Some(&known.name), rel: None, outer: None };
            let settings = known.settings.as_deref().unwrap_or(env.settings);
            let inner = Env { settings, parameters: Some(&parameters), depth: env.depth + 1, ..env };
            let rel = self.relation(query, inner)?;
            return match &known.returns_table {
                Some(schema) => self.renamed_as(rel, schema, env),
                None => Ok(rel),
            };
        }
        let call = hearth_plan::expression::FunctionCall::new(written.clone(), arguments.to_vec());
        let expr = Expr::new(ExprNode::Function(Box::new(call.clone())));
        let input = Rel::one_row();
        let generators = std::cell::RefCell::new(Vec::new());
        let cx = Cx { generators: Some(&generators), ..Cx::new(env, &input, Clause::Select) };
        match self.generator(&call, &expr, &[], cx)? {
            Some(items) => self.block_rel(Block::new(input.clone(), items, generators.into_inner())),
            None => {
                let parts: Vec<&str> = written.iter().map(String::as_str).collect();
                if crate::expression::function::builtin_name(written).and_then(hearth_functions::lookup).is_some() {
                    return Err(NOT_A_TABLE_FUNCTION.with("functionName", quote_name(&parts)));
                }
                Err(UNRESOLVABLE_TABLE_VALUED_FUNCTION.with("name", quote_name(&parts)))
            }
        }
    }

    fn range_function(&self, arguments: &[Expr], env: Env<'_>) -> Result<Rel> {
        let nothing = Rel::one_row();
        let mut numbers = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let typed = self.expression(argument, Cx::new(env, &nothing, Clause::Values))?;
            let is_number = typed.data_type.is_numeric() || typed.data_type.is_string();
            if !is_number {
                let place = if arguments.len() == 1 { 2 } else { index + 1 };
                let ordinal = if place > 3 { format!("{place}th") } else { hearth_functions::call::ordinal(place) };
                return Err(UNEXPECTED_INPUT_TYPE
                    .with("functionName", "`range`")
                    .with("paramIndex", ordinal)
                    .with("requiredType", if place > 3 { "\"INT\"" } else { "\"BIGINT\"" })
                    .with("inputSql", format!("\"{}\"", crate::naming::sql(argument)))
                    .with("inputType", format!("\"{}\"", typed.data_type.sql())));
            }
            let not_constant = || {
                let names: &[&str] =
                    if arguments.len() == 1 { &["end"] } else { &["start", "end", "step", "numSlices"] };
                NON_FOLDABLE_ARGUMENT
                    .with("funcName", "`range`")
                    .with("paramName", format!("`{}`", names.get(index).unwrap_or(&"end")))
                    .with("paramType", "\"BIGINT\"")
            };
            // A variable becomes a constant later than Spark looks here; one inside of an expression is taken.
            let is_variable = |name: &Name| env.parameters.is_none() && self.view.variable_with_label(name).is_some();
            if matches!(&argument.node, ExprNode::Attribute { name, .. } if is_variable(name)) {
                return Err(not_constant());
            }
            let typed = cast::cast(typed, &DataType::Long, cast::CastMode::Ansi, env.settings)?;
            let constant = self
                .constant(&typed)
                .map_err(|error| if error.condition() == NOT_A_CONSTANT_EXPRESSION { not_constant() } else { error });
            match constant? {
                datafusion::common::ScalarValue::Int64(Some(number)) => numbers.push(number),
                _ => return unsupported("NULL as an argument of range"),
            }
        }
        let partitions = numbers.get(3).and_then(|number| i32::try_from(*number).ok());
        match numbers.as_slice() {
            [end] => self.range((0, *end, 1), None),
            [start, end] => self.range((*start, *end, 1), None),
            [_, _, 0, ..] => Err(FAILED_FUNCTION_CALL.with("funcName", "`range`")),
            [start, end, step, ..] => self.range((*start, *end, *step), partitions),
            [] => Err(hearth_base::condition::WRONG_NUM_ARGS
                .with("functionName", "`range`")
                .with("expectedNum", "[1, 2, 3, 4]")
                .with("actualNum", 0)
                .with("docroot", "https://spark.apache.org/docs/latest")),
        }
    }

    /// The columns of `rel` under the names and types of a schema.
    pub(crate) fn renamed_as(&self, rel: Rel, schema: &StructType, env: Env<'_>) -> Result<Rel> {
        let rel = self.as_schema(rel, schema, env)?;
        let columns = rel
            .scope
            .columns
            .iter()
            .zip(schema.fields.iter())
            .map(|(column, field)| Column { name: Arc::clone(&field.name), ..column.clone() });
        Ok(Rel::new(rel.plan.clone(), Scope::new(columns.collect())))
    }

    /// The rows of the last step of a recursive query, under new ids.
    pub(crate) fn working_rel(&self, working: &WorkingTable) -> Result<Rel> {
        let mut expressions = Vec::new();
        let mut columns = Vec::new();
        for (column, source) in working.columns.iter().zip(&working.plan_columns) {
            let id = self.new_id();
            expressions.push(datafusion::logical_expr::Expr::Column(source.clone()).alias(id.plan_name()));
            columns.push(Column { id, ..column.clone() });
        }
        Ok(Rel::new(project(working.plan.clone(), expressions)?, Scope::new(columns)))
    }
}

/// A name that differs where what is read, or how, differs.
fn source_name(source: &DataSource) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    format!("{source:?}").hash(&mut hasher);
    format!("{} {:x}", source.format.as_deref().unwrap_or("files"), hasher.finish())
}

/// A name that differs where the rows differ, so that plans compare: the digest of their encoding.
fn local_name(batches: &[RecordBatch]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    for batch in batches {
        batch.num_rows().hash(&mut hasher);
        for column in batch.columns() {
            digest(&column.to_data(), &mut hasher);
        }
    }
    format!("local {:x}", hasher.finish())
}

fn digest(data: &datafusion::arrow::array::ArrayData, hasher: &mut std::hash::DefaultHasher) {
    (data.offset(), data.null_count()).hash(hasher);
    data.buffers().iter().for_each(|buffer| buffer.as_slice().hash(hasher));
    if let Some(nulls) = data.nulls() {
        nulls.validity().hash(hasher);
    }
    data.child_data().iter().for_each(|child| digest(child, hasher));
}

fn without_qualifiers(rel: Rel) -> Rel {
    let columns = rel.scope.columns.iter().map(|column| Column { qualifier: Arc::default(), ..column.clone() });
    let hidden = rel.scope.hidden.iter().map(|column| Column { qualifier: Arc::default(), ..column.clone() });
    let scope = Scope { columns: columns.collect(), hidden: hidden.collect() };
    Rel { scope, ..rel }
}

/// The rows of a `LocalRelation`: an Arrow IPC stream, with the schema as DDL or JSON where the client gave one.
pub fn decode_local_relation(data: Option<&[u8]>, schema: Option<&str>) -> Result<LocalRows> {
    let asked = schema.map(parse_schema).transpose()?;
    let Some(data) = data.filter(|data| !data.is_empty()) else {
        return Ok(LocalRows { schema: asked.unwrap_or_default(), batches: Vec::new() });
    };
    let reader = StreamReader::try_new(Cursor::new(data), None).map_err(invalid_rows)?;
    refuse_unknown(&reader.schema(), asked.is_some())?;
    let sent = from_arrow_schema(&reader.schema())?;
    let schema = match asked {
        Some(asked) if asked.fields.len() == sent.fields.len() => {
            super::to_schema::check_intervals(&sent, &asked)?;
            asked
        }
        _ => sent,
    };
    let engine = to_engine_schema(&schema);
    let mut batches = Vec::new();
    for batch in reader {
        let batch = batch.map_err(invalid_rows)?;
        if batch.num_columns() == 0 {
            batches.push(batch);
            continue;
        }
        batches.push(with_checked_geometries(masked(&cast_batch_to(&batch, &engine)?)?, &schema)?);
    }
    Ok(LocalRows { schema, batches })
}

/// Numbers without a sign have no type in Spark, and times of day but those in nanoseconds have one only where the client
/// says so; Spark's reader refuses them by their names in Arrow's Java.
fn refuse_unknown(schema: &datafusion::arrow::datatypes::Schema, typed: bool) -> Result<()> {
    let unknown = schema.fields().iter().find_map(|field| match field.data_type() {
        ArrowType::UInt8 => Some("Int(8, false)"),
        ArrowType::UInt16 => Some("Int(16, false)"),
        ArrowType::UInt32 => Some("Int(32, false)"),
        ArrowType::UInt64 => Some("Int(64, false)"),
        ArrowType::Float16 => Some("FloatingPoint(HALF)"),
        ArrowType::Time32(TimeUnit::Second) if !typed => Some("Time(SECOND, 32)"),
        ArrowType::Time32(_) if !typed => Some("Time(MILLISECOND, 32)"),
        ArrowType::Time64(TimeUnit::Microsecond) if !typed => Some("Time(MICROSECOND, 64)"),
        _ => None,
    });
    match unknown {
        Some(name) => Err(UNSUPPORTED_ARROWTYPE.with("typeName", name)),
        None => Ok(()),
    }
}

/// Geometries are what a client says they are only after a look at their bytes.
fn with_checked_geometries(batch: RecordBatch, schema: &StructType) -> Result<RecordBatch> {
    if !schema.fields.iter().any(|field| spatial::has_spatial(&field.data_type)) {
        return Ok(batch);
    }
    let columns = batch.columns().iter().zip(schema.fields.iter());
    let columns = columns.map(|(column, field)| spatial::checked(column, &field.data_type)).collect::<Result<Vec<_>>>();
    RecordBatch::try_new(batch.schema(), columns?).map_err(Error::internal)
}

/// Fields are read without a look at their struct, so they must be NULL where it is.
fn masked(batch: &RecordBatch) -> Result<RecordBatch> {
    if !batch.columns().iter().any(|column| column.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().map(|column| masked_array(column, None)).collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(batch.schema(), columns).map_err(Error::internal)
}

fn masked_array(array: &ArrayRef, outer: Option<&NullBuffer>) -> Result<ArrayRef> {
    if let Some(structure) = array.as_any().downcast_ref::<StructArray>() {
        let nulls = NullBuffer::union(structure.nulls(), outer);
        let fields = structure.columns().iter().zip(structure.fields());
        let columns = fields
            .map(|(column, field)| masked_array(column, nulls.as_ref().filter(|_| field.is_nullable())))
            .collect::<Result<Vec<_>>>()?;
        if columns.is_empty() {
            return Ok(Arc::clone(array));
        }
        let made = StructArray::try_new(structure.fields().clone(), columns, nulls).map_err(Error::internal)?;
        return Ok(Arc::new(made));
    }
    if let Some(list) = array.as_any().downcast_ref::<ListArray>() {
        let ArrowType::List(field) = list.data_type() else { return Ok(Arc::clone(array)) };
        let values = masked_array(list.values(), None)?;
        let nulls = NullBuffer::union(list.nulls(), outer);
        let made = ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, nulls);
        return Ok(Arc::new(made.map_err(Error::internal)?));
    }
    match outer {
        Some(nulls) if !array.data_type().is_null() => {
            let present = datafusion::arrow::array::BooleanArray::new(nulls.inner().clone(), None);
            let missing = datafusion::arrow::compute::not(&present).map_err(Error::internal)?;
            datafusion::arrow::compute::nullif(array, &missing).map_err(Error::internal)
        }
        _ => Ok(Arc::clone(array)),
    }
}

fn invalid_rows(error: datafusion::arrow::error::ArrowError) -> Error {
    hearth_base::condition::INVALID_LOCAL_RELATION.with("reason", error)
}

/// A schema as clients send it: `DataType.json` or DDL.
pub(crate) fn parse_schema(text: &str) -> Result<StructType> {
    if text.trim_start().starts_with('{') {
        return match DataType::from_json(text)? {
            DataType::Struct(structure) => Ok(structure),
            other => Ok(StructType::new([StructField::new("value", other, true)])),
        };
    }
    hearth_sql::parse_table_schema(text)
}
