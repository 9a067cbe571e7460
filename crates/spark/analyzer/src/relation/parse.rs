//! `spark.read.json(df)` and `spark.read.csv(df)`: records of a DataFrame of text. Without a schema the text is asked for.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use hearth_base::Result;
use hearth_base::condition::{DATAFRAME_INPUT_NOT_SINGLE_COLUMN, DATAFRAME_INPUT_NOT_STRING_TYPE};
use hearth_functions::Typed;
use hearth_functions::records::{self, Inference, Options, TextFormat};
use hearth_plan::Relation;
use hearth_plan::relation::ParseFormat;
use hearth_types::{DataType, StructField, StructType};

use super::block::filter;
use crate::analyzer::{Analyzer, Env, plan_error, unsupported};
use crate::expression::extract::get_field;
use crate::rel::{Item, Rel};

impl Analyzer<'_> {
    pub fn parse(
        &self,
        input: &Relation,
        (format, schema): (ParseFormat, Option<&DataType>),
        options: &[(String, String)],
        env: Env<'_>,
    ) -> Result<Rel> {
        let format = match format {
            ParseFormat::Csv => TextFormat::Csv,
            ParseFormat::Json => TextFormat::Json,
            ParseFormat::Xml => TextFormat::Xml,
        };
        let entries = options.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect();
        let zone = env.settings.time_zone.as_str().into();
        let options = Options { entries, zone, now: env.settings.statement_micros };
        let (input, text) = text_of(self.relation(input, env)?)?;
        let header = match format {
            TextFormat::Csv if is_on(&options, "header") => self.first_record(&input, &text)?,
            TextFormat::Csv | TextFormat::Json | TextFormat::Xml => None,
        };
        let input = match &header {
            Some(line) => {
                let plan = filter(input.plan.clone(), text.expr.clone().not_eq(lit(line.as_str())))?;
                input.with_plan(plan)
            }
            None => input,
        };
        let schema = match schema {
            Some(DataType::Struct(schema)) => schema.clone(),
            Some(_) => return unsupported("a schema that is no struct"),
            None => self.inferred(&input, &text, (format, header.as_deref()), &options)?,
        };
        self.records(input, text, (format, &schema), options)
    }

    fn records(
        &self,
        input: Rel,
        text: Typed,
        (format, schema): (TextFormat, &StructType),
        options: Options,
    ) -> Result<Rel> {
        // Names of CSV columns may repeat; those of the record may not.
        let unique: Vec<StructField> = match format {
            TextFormat::Csv => schema
                .fields
                .iter()
                .enumerate()
                .map(|(index, field)| StructField { name: format!("c{index}").into(), nullable: true, ..field.clone() })
                .collect(),
            TextFormat::Json | TextFormat::Xml => {
                schema.fields.iter().map(|f| StructField { nullable: true, ..f.clone() }).collect()
            }
        };
        let drops = options.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("DROPMALFORMED"));
        let record = records::read(format, text, &StructType::new(unique.clone()), options)?;
        let record = self.project_items(input, &[Item::named(record, "record")])?;
        let Some(column) = record.scope.columns.first().cloned() else { return Ok(record) };
        let record = if drops {
            let plan = filter(record.plan.clone(), column.id.expr().is_not_null())?;
            record.with_plan(plan)
        } else {
            record
        };
        let items: Vec<Item> = schema
            .fields
            .iter()
            .zip(&unique)
            .map(|(field, inner)| {
                let value = get_field(column.id.expr(), &inner.name);
                Item::named(Typed::new(value, field.data_type.clone(), true), Arc::clone(&field.name))
            })
            .collect();
        self.project_items(record, &items)
    }

    fn first_record(&self, input: &Rel, text: &Typed) -> Result<Option<String>> {
        let found = self.ask_text(input, text, Some(1))?;
        Ok(lines(found)?.into_iter().next())
    }

    fn inferred(
        &self,
        input: &Rel,
        text: &Typed,
        (format, header): (TextFormat, Option<&str>),
        options: &Options,
    ) -> Result<StructType> {
        let names: Vec<String> = header
            .map(|line| records::csv_fields(line, options))
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, name)| name.unwrap_or_else(|| format!("_c{index}")))
            .collect();
        if format == TextFormat::Csv && !is_on(options, "inferschema") {
            let first = self.ask_text(input, text, Some(1))?;
            let width = lines(first)?.first().map_or(names.len(), |line| records::csv_fields(line, options).len());
            let name = |index: usize| names.get(index).cloned().unwrap_or_else(|| format!("_c{index}"));
            let fields = (0..width.max(names.len())).map(|index| StructField::new(name(index), DataType::STRING, true));
            return Ok(StructType::new(fields));
        }
        let mut inference = Inference::new(format, options.clone())?;
        for line in lines(self.ask_text(input, text, None)?)? {
            inference.add(&line);
        }
        Ok(inference.finish(&names))
    }

    fn ask_text(&self, input: &Rel, text: &Typed, limit: Option<usize>) -> Result<&[RecordBatch]> {
        self.ask(|| {
            let rel = self.project_items(input.clone(), &[Item::named(text.clone(), "value")])?;
            let schema = rel.scope.schema();
            let plan = LogicalPlanBuilder::new(filter(rel.plan.clone(), text_column(&rel).is_not_null())?);
            let plan = plan.limit(0, limit).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
            Ok((plan, schema))
        })
    }
}

fn text_column(rel: &Rel) -> datafusion::logical_expr::Expr {
    rel.scope.columns.first().map_or_else(|| lit(true), |column| column.id.expr())
}

fn is_on(options: &Options, name: &str) -> bool {
    options.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The one column, which must be text.
fn text_of(input: Rel) -> Result<(Rel, Typed)> {
    let [column] = input.scope.columns.as_slice() else {
        return Err(DATAFRAME_INPUT_NOT_SINGLE_COLUMN.with("numColumns", input.scope.columns.len()));
    };
    if !column.data_type.is_string() {
        return Err(DATAFRAME_INPUT_NOT_STRING_TYPE.with("dataType", column.data_type.quoted_sql()));
    }
    let text = column.typed();
    Ok((input, text))
}

fn lines(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = ScalarValue::try_from_array(batch.column(0), row).map_err(plan_error)?;
            if let Some(Some(text)) = value.try_as_str() {
                found.push(text.to_owned());
            }
        }
    }
    Ok(found)
}
