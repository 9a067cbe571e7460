//! Work as bytes or text becomes an unresolved plan.

use bytes::Bytes;
use hearth_base::{Error, Result};
use hearth_core::Work;
use hearth_core::engine::SqlWork;
use hearth_plan::command::Command;
use hearth_plan::expression::{CastMode, ExprNode, TypeRef};
use hearth_plan::relation::SqlText;
use hearth_plan::{Expr, Plan, from_proto};
use hearth_proto::connect as pb;
use hearth_types::datetime_parse::string_to_date;
use hearth_types::{DataType, Value};

/// What is asked for, and for `spark.sql` the relation that its client gets back when it is a query.
#[derive(Debug)]
pub struct Request {
    pub plan: Plan,
    pub sql_relation: Option<pb::Relation>,
}

/// Reads an operation's work.
pub fn request(work: Work) -> Result<Request> {
    match work {
        Work::Plan(bytes) => from_plan(bytes),
        Work::Sql(sql) => Ok(Request { plan: from_sql(sql), sql_relation: None }),
        Work::Code(_) => Err(Error::internal("code runs in interpreters, not in engines")),
    }
}

fn from_plan(bytes: Bytes) -> Result<Request> {
    let plan = from_proto::decode_message_of_plan(bytes)?;
    let sql_relation = match &plan.op_type {
        Some(pb::plan::OpType::Command(command)) => match &command.command_type {
            Some(pb::command::CommandType::SqlCommand(sql)) => Some(sql_relation(sql)),
            _ => None,
        },
        _ => None,
    };
    Ok(Request { plan: from_proto::plan(plan)?, sql_relation })
}

/// The relation of a `SqlCommand`: its input, or one made of the fields that clients before 4.0 send.
fn sql_relation(command: &pb::SqlCommand) -> pb::Relation {
    if let Some(input) = &command.input {
        return input.clone();
    }
    let sql = pb::Sql {
        query: command.sql.clone(),
        args: command.args.clone(),
        pos_args: command.pos_args.clone(),
        named_arguments: command.named_arguments.clone(),
        pos_arguments: command.pos_arguments.clone(),
    };
    pb::Relation { common: None, rel_type: Some(pb::relation::RelType::Sql(sql)) }
}

fn from_sql(sql: SqlWork) -> Plan {
    let mut text = SqlText { query: sql.text, named: Vec::new(), positional: Vec::new() };
    for parameter in sql.parameters {
        let value = parameter.value.map_or_else(
            || Expr::literal(Value::Null(parameter.data_type.clone())),
            |text| value(text, &parameter.data_type),
        );
        match parameter.name {
            Some(name) => text.named.push((name, value)),
            None => text.positional.push(value),
        }
    }
    Plan::Command(Command::Sql { text, input: None })
}

/// A parameter's value: a literal where its text is plainly one of its type, so that names show it as Spark shows a
/// literal, otherwise the cast that the API promises, with its errors.
fn value(text: String, data_type: &DataType) -> Expr {
    let literal = match data_type {
        DataType::String { .. } => Some(Value::string(text.as_str())),
        DataType::Boolean => text.parse().ok().map(Value::Boolean),
        DataType::Byte => text.parse().ok().map(Value::Byte),
        DataType::Short => text.parse().ok().map(Value::Short),
        DataType::Integer => text.parse().ok().map(Value::Integer),
        DataType::Long => text.parse().ok().map(Value::Long),
        DataType::Date => string_to_date(&text).map(Value::Date),
        _ => None,
    };
    literal.filter(|value| value.data_type() == *data_type).map_or_else(
        || {
            Expr::new(ExprNode::Cast {
                expr: Box::new(Expr::literal(Value::string(text.as_str()))),
                to: TypeRef::Known(data_type.clone()),
                mode: CastMode::Ansi,
            })
        },
        Expr::literal,
    )
}
